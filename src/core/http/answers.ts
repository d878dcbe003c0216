import { replyOf, requestOf } from './http-context.js';
import { type ExecutionContext, Injectable, Logger, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isObservable, lastValueFrom } from 'rxjs';
import { Settings } from '../../config/settings.js';
import { Page } from '../pagination/page.js';
import type { ResponseContract } from '../routing/responds.decorator.js';
import { routeContractOf } from '../routing/route-contract.js';
import { listOf, shapeOf } from '../serialization/response-shape.js';
import { metaJson } from './envelope.js';
import { Idempotency, StoredAnswer } from './idempotency.js';
import { entityTagOf, hasEntityTag } from './if-match.js';
import { isThenable } from './route-arguments.js';
import { Redirect, RequestDone, type ShortCircuit } from './short-circuit.js';

const REPORT_EVERY_MILLISECONDS = 60_000;

/**
 * Turns what a handler returns, or throws as a {@link ShortCircuit}, into the answer that its route declares: checked
 * against the response DTO and serialised, inside the transaction, so that a wrong answer writes nothing (H6, H9).
 */
@Injectable()
export class Answers {
  private readonly logger = new Logger(Answers.name);
  /** When a route's mismatch was last reported. */
  private readonly reported = new Map<string, number>();

  constructor(
    private readonly settings: Settings,
    private readonly idempotency: Idempotency,
  ) {}

  /** Runs all that belongs to a request, unless the same idempotent request is running: that is a 409. */
  once<Result>(context: ExecutionContext, work: () => Promise<Result>): Promise<Result> {
    if (!routeContractOf(context).isIdempotent) return work();
    return this.idempotency.alone(requestOf(context), work);
  }

  /**
   * Runs the handler, unless the answer to a repeated request is known. Gives what it returned, or threw as a success; a
   * promise of it only where there is something to wait for.
   */
  resultOf(context: ExecutionContext, next: () => unknown): unknown {
    if (routeContractOf(context).isIdempotent) return this.resultOnce(context, next);
    return resultNow(next, replyOf(context));
  }

  private async resultOnce(context: ExecutionContext, next: () => unknown): Promise<unknown> {
    const stored = await this.idempotency.find(requestOf(context));
    return stored ?? resultNow(next, replyOf(context));
  }

  /** Checks a result and gives the body to send; sets status and headers as the result has it. */
  bodyOf(result: unknown, context: ExecutionContext): unknown {
    const reply = replyOf(context);
    if (result instanceof StoredAnswer) return replay(result, reply);
    return this.checked(result, routeContractOf(context).response, requestOf(context), reply);
  }

  /** Keeps the answer to an idempotent request, in the running transaction. */
  keep(result: unknown, body: unknown, context: ExecutionContext): void {
    if (!routeContractOf(context).isIdempotent || result instanceof StoredAnswer) return;
    this.idempotency.store(requestOf(context), replyOf(context), body);
  }

  /** The same for a {@link ShortCircuit} of a guard, which no interceptor sees. */
  bodyOfGuard(
    signal: ShortCircuit,
    response: ResponseContract,
    request: FastifyRequest,
    reply: FastifyReply,
  ): unknown {
    reply.status(response.status);
    return this.checked(successOf(signal, reply), response, request, reply);
  }

  private checked(
    result: unknown,
    response: ResponseContract | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): unknown {
    if (reply.sent) return undefined; // by a handler that took the reply into its own hands
    if (result instanceof Redirect) this.redirect(result, request, reply);
    this.checkStatus(response, request, reply);
    if (result instanceof Redirect) return undefined;
    if (response?.mediaType) return this.plain(result, response.mediaType, request, reply);
    if (response?.type) return this.json(result, response, request, reply);
    if (result !== undefined) this.report(['a body, and it declares none'], request);
    return undefined;
  }

  private json(
    result: unknown,
    response: ResponseContract,
    request: FastifyRequest,
    reply: FastifyReply,
  ): string | undefined {
    const { data, pagination } =
      result instanceof Page ? { data: result.items, pagination: result.pagination } : { data: result };
    if (response.paginated !== Boolean(pagination)) this.report(['data must be a Page'], request);
    const json = this.serialize(data, response, request);
    if (response.etag && isKnownToCaller(json, request, reply)) return undefined;
    reply.type('application/json; charset=utf-8');
    if (!response.envelope) return json;
    return `{"success":true,"data":${json},"meta":${metaJson(request.id, pagination)}}`;
  }

  private serialize(data: unknown, response: ResponseContract, request: FastifyRequest): string {
    const item = shapeOf(response.type!);
    const shape = response.isList ? listOf(item) : item;
    if (shape.matches(data)) return JSON.stringify(data);
    this.report(shape.explain(data, 'data'), request);
    return JSON.stringify(shape.project(data)) ?? 'null';
  }

  private plain(result: unknown, mediaType: string, request: FastifyRequest, reply: FastifyReply): unknown {
    const isText = typeof result === 'string';
    const isBytes = result instanceof Uint8Array || result instanceof StreamableFile;
    if (!isText && !isBytes) this.report([`neither text nor bytes, and it declares ${mediaType}`], request);
    reply.type(isText ? `${mediaType}; charset=utf-8` : mediaType);
    return isText || isBytes ? result : '';
  }

  private redirect(redirect: Redirect, request: FastifyRequest, reply: FastifyReply): void {
    if (!redirect.isTrusted(this.settings.allowedOrigins)) {
      throw new Error(
        `${nameOf(request)} redirects to what is neither a path of this service nor in ALLOWED_ORIGINS. ` +
          'If no caller can choose the address, throw Redirect.external(url).',
      );
    }
    reply.status(redirect.status).header('location', redirect.url);
  }

  private checkStatus(
    response: ResponseContract | undefined,
    request: FastifyRequest,
    { statusCode }: FastifyReply,
  ): void {
    if (!response) this.report(['no declaration: add @Responds(...)'], request);
    else if (statusCode !== response.status && !response.otherStatuses.includes(statusCode))
      this.report([`the status ${statusCode}, which it does not declare in otherStatuses`], request);
  }

  /** Ends the request with a 500 in mode `strict`; otherwise says so in the log, once a minute for each route. */
  private report(mismatches: string[], request: FastifyRequest): void {
    const route = nameOf(request);
    const message = `${route} does not answer what it declares: ${mismatches.join('; ')}`;
    if (this.settings.RESPONSE_VALIDATION === 'strict') throw new Error(message);
    const now = Date.now();
    if (now - (this.reported.get(route) ?? 0) < REPORT_EVERY_MILLISECONDS) return;
    this.reported.set(route, now);
    this.logger.error(message);
  }
}

function resultNow(next: () => unknown, reply: FastifyReply): unknown {
  try {
    const result = next();
    return isThenable(result) || isObservable(result) ? settled(result, reply) : result;
  } catch (thrown) {
    return successOf(thrown, reply);
  }
}

async function settled(result: unknown, reply: FastifyReply): Promise<unknown> {
  try {
    const value = await result;
    return isObservable(value) ? await lastValueFrom(value, { defaultValue: undefined }) : value;
  } catch (thrown) {
    return successOf(thrown, reply);
  }
}

/** What a {@link ShortCircuit} says, as if the handler had returned it. Throws whatever else was thrown. */
function successOf(thrown: unknown, reply: FastifyReply): unknown {
  if (thrown instanceof Redirect) return thrown;
  if (!(thrown instanceof RequestDone)) throw thrown;
  if (thrown.status !== undefined) reply.status(thrown.status);
  return thrown.data;
}

function replay(
  { status, body, location, mediaType }: StoredAnswer,
  reply: FastifyReply,
): string | undefined {
  reply.status(status).header('idempotency-replayed', 'true');
  if (location !== undefined) reply.header('location', location);
  if (mediaType !== undefined) reply.type(mediaType);
  return body === '' ? undefined : body;
}

/** Sends the entity tag; makes the answer a 304 if the caller has it already (RFC 9110, 13.1.2). */
function isKnownToCaller(json: string, request: FastifyRequest, reply: FastifyReply): boolean {
  const tag = entityTagOf(json);
  reply.header('etag', tag);
  const known = request.headers['if-none-match'];
  const isKnown =
    known !== undefined &&
    (request.method === 'GET' || request.method === 'HEAD') &&
    hasEntityTag(known, tag);
  if (isKnown) reply.status(304);
  return isKnown;
}

const nameOf = (request: FastifyRequest) => `${request.method} ${request.routeOptions.url}`;
