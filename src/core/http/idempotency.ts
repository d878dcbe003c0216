import { createHash } from 'node:crypto';
import { Injectable, SetMetadata } from '@nestjs/common';
import { IsDate, IsInt, IsOptional, IsString } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Conflict, InvalidInput, UnprocessableContent } from '../errors/errors.js';
import { Document, Key } from '../firestore/document/document.decorators.js';
import { InjectRepository } from '../firestore/inject-repository.decorator.js';
import { Repository } from '../firestore/repository.js';

export const IDEMPOTENT = Symbol('idempotent');

/**
 * A caller may send an `Idempotency-Key`: a repeat with the same key within 24 hours is answered with what the first one
 * was, and does nothing. The answer is stored in the transaction of the work, so the route must have a writing one. An
 * error stores nothing: a repeat tries again.
 */
export const Idempotent = (): MethodDecorator => SetMetadata(IDEMPOTENT, true);

/** 409: the first request with this key is still running. */
export class IdempotencyKeyInUse extends Conflict {
  static override readonly code = 'IDEMPOTENCY_KEY_IN_USE';
  static override readonly message = 'A request with this Idempotency-Key is running; repeat it in a moment.';
}

/** 422: the key belongs to another request. */
export class IdempotencyKeyReused extends UnprocessableContent {
  static override readonly code = 'IDEMPOTENCY_KEY_REUSED';
  static override readonly message = 'This Idempotency-Key was used with another body; make a new key.';
}

/** `idempotencyKeys/{id}`: an answer to be given again. A TTL policy on `expiresAt` clears it away. */
@Document({ collection: 'idempotencyKeys' })
export class StoredAnswer {
  /** Hash of caller, route and key. */
  @Key()
  id: string;

  /** Of the body it was asked with. */
  @IsString()
  fingerprint: string;

  @IsInt()
  status: number;

  @IsString()
  body: string;

  @IsOptional()
  @IsString()
  location?: string;

  @IsOptional()
  @IsString()
  mediaType?: string;

  @IsDate()
  expiresAt: Date;
}

const WELL_FORMED = /^[\x21-\x7e]{8,128}$/;
const LIFE_MILLISECONDS = 24 * 60 * 60 * 1000;

@Injectable()
export class Idempotency {
  /** The requests that this process is working on. Others' are found by the transaction, which waits for them. */
  private readonly running = new Set<string>();

  constructor(@InjectRepository(StoredAnswer) private readonly answers: Repository<StoredAnswer>) {}

  /** @throws {IdempotencyKeyInUse} */
  async alone<Result>(request: FastifyRequest, work: () => Promise<Result>): Promise<Result> {
    const id = idOf(request);
    if (id === undefined) return work();
    if (this.running.has(id)) throw new IdempotencyKeyInUse({ headers: { 'Retry-After': '1' } });
    this.running.add(id);
    try {
      return await work();
    } finally {
      this.running.delete(id);
    }
  }

  /**
   * What an earlier request with the same key was answered.
   * @throws {IdempotencyKeyReused}
   */
  async find(request: FastifyRequest): Promise<StoredAnswer | undefined> {
    const id = idOf(request);
    const stored = id === undefined ? undefined : await this.answers.find(id);
    if (!stored || stored.expiresAt.getTime() <= Date.now()) return undefined;
    if (stored.fingerprint !== fingerprintOf(request)) throw new IdempotencyKeyReused();
    return stored;
  }

  /** Keeps the answer, in the running transaction. */
  store(request: FastifyRequest, reply: FastifyReply, body: unknown): void {
    const id = idOf(request);
    if (id === undefined) return;
    const [location, mediaType] = ['location', 'content-type'].map((name) => reply.getHeader(name));
    this.answers.upsert({
      id,
      fingerprint: fingerprintOf(request),
      status: reply.statusCode,
      body: typeof body === 'string' ? body : '',
      ...(typeof location === 'string' && { location }),
      ...(typeof mediaType === 'string' && { mediaType }),
      expiresAt: new Date(Date.now() + LIFE_MILLISECONDS),
    });
  }
}

/** By user, or by address: nobody gets the answer to somebody else. Undefined without a key. */
function idOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !WELL_FORMED.test(key)) {
    const message = 'idempotency-key must have 8 to 128 visible characters';
    throw new InvalidInput([{ field: 'idempotency-key', message, constraint: 'matches' }]);
  }
  const caller = request.user ? `user:${request.user.id}` : `address:${request.ip}`;
  return digest([caller, request.method, request.url, key]);
}

const fingerprintOf = ({ body }: FastifyRequest): string => digest([body ?? null]);

function digest(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
