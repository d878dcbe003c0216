import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { ServiceUnavailable } from '../errors/errors.js';
import { within } from '../errors/within.js';
import { InjectRepository } from '../firestore/inject-repository.decorator.js';
import { Repository } from '../firestore/repository.js';
import { Transactions } from '../firestore/transactions.js';
import type { Caller } from './caller.js';
import { Revocation } from './revocation.document.js';
import type { Role } from './roles.js';

/** What was read so long ago is read again, while requests go on with what is known. */
const REFRESH_AFTER = 20_000;
/** What was read so long ago is not relied on: requests wait for the next reading. */
const STALE_AFTER = 60_000;
/** By so much a commit may come after the date that it writes, and the clocks of two instances may differ. */
const OVERLAP = 60_000;
/** So long a reading may take; the Firestore client itself would try for minutes. */
const PATIENCE = 5000;

/**
 * Which tokens hold no longer, although they have not expired. A revocation counts at once on the instance that makes it,
 * and within a minute on every other. They are kept in memory, so that a request that asks costs no read; the requests
 * themselves, not a timer, have the new ones read. What is in memory is bounded by what is revoked within
 * `ACCESS_TOKEN_TTL`.
 */
@Injectable()
export class Revocations {
  private readonly logger = new Logger(Revocations.name);
  private readonly entries = new Map<string, Revocation>();
  /** As long as the longest-lived token that is remembered, and by the clocks' difference longer. */
  private readonly lifetime: number;
  /** When the last successful reading began; before that, never. */
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(
    @InjectRepository(Revocation) private readonly revocations: Repository<Revocation>,
    private readonly transactions: Transactions,
    settings: Settings,
  ) {
    this.lifetime = settings.ACCESS_TOKEN_TTL * 1000 + OVERLAP;
  }

  /**
   * Revokes, in the running writing transaction, all tokens of a session, an API key or a user; of a user whose role
   * changes, all but those that say the new one.
   */
  revoke(id: string, exceptRole: Role | null = null): void {
    const revokedAt = new Date();
    const expiresAt = new Date(revokedAt.getTime() + this.lifetime);
    const revocation = { id, role: exceptRole, revokedAt, expiresAt };
    this.revocations.upsert(revocation);
    this.transactions.afterCommit(() => this.take(revocation));
  }

  /** Whether what this caller presented holds no longer, as far as is known here. */
  includes({ id, role, sessionId }: Caller): boolean {
    return this.isRevoked(sessionId, role) || this.isRevoked(id, role);
  }

  /** Whether what is known here is less than a minute old. If it is no longer new it has it read again meanwhile. */
  areCurrent(): boolean {
    const age = this.age();
    if (age >= REFRESH_AFTER) this.read().catch(() => undefined); // told by the log; who has to wait for it tries again
    return age < STALE_AFTER;
  }

  /**
   * Waits, if need be, until what is known here is less than a minute old.
   * @throws {ServiceUnavailable} if it cannot be read: a token that may be revoked is not relied on
   */
  async becomeCurrent(): Promise<void> {
    if (this.areCurrent()) return;
    try {
      await this.read();
    } catch (cause) {
      throw new ServiceUnavailable({ cause, headers: { 'Retry-After': '1' } });
    }
  }

  /** What is read may be older than what was revoked here meanwhile. */
  private take(revocation: Revocation): void {
    const known = this.entries.get(revocation.id);
    if (!known || known.revokedAt <= revocation.revokedAt) this.entries.set(revocation.id, revocation);
  }

  private isRevoked(id: string, role: Role): boolean {
    const entry = this.entries.get(id);
    return entry !== undefined && entry.role !== role;
  }

  /** A clock that was set back makes what is known old. */
  private age(): number {
    const age = Date.now() - this.readAt;
    return age < 0 ? Infinity : age;
  }

  private read(): Promise<void> {
    return (this.reading ??= this.readNew().finally(() => (this.reading = undefined)));
  }

  private async readNew(): Promise<void> {
    const now = Date.now();
    const since = Math.max(Math.min(this.readAt, now) - OVERLAP, now - this.lifetime);
    try {
      const found = await within(
        PATIENCE,
        this.revocations.query().where('revokedAt', '>', new Date(since)).find(),
      );
      for (const revocation of found) this.take(revocation);
      for (const [id, { expiresAt }] of this.entries) if (expiresAt.getTime() <= now) this.entries.delete(id);
      this.readAt = now;
    } catch (error) {
      this.logger.warn('Which tokens are revoked could not be read.', error);
      throw error;
    }
  }
}
