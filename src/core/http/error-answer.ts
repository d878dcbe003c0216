import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toTypedError } from '../errors/to-typed-error.js';
import type { TypedError } from '../errors/typed-error.js';
import { pathOf } from '../routing/path-pattern.js';
import { type APIErrorResponse, metaOf } from './envelope.js';

/** Answers a failure, wherever it was thrown, in the one form of {@link APIErrorResponse}; logs it if it is ours. */
export function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { showStack }: { showStack: boolean },
): void {
  if (hasLeft(request, thrown)) return tellThatLeft(request, reply);
  const error = toTypedError(thrown);
  if (error.status >= 500) {
    request.log.error({ requestId: request.id, err: error.cause ?? error, code: error.code }, error.message);
  }
  if (reply.sent) return;
  reply.status(error.status).headers(error.headers);
  if (request.headers.accept?.includes('application/problem+json')) {
    reply.type('application/problem+json').send(JSON.stringify(problem(error, request.id)));
  } else {
    reply
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(errorResponseOf(error, request.id, showStack)));
  }
}

/** Whether that is what the body failed with: its client is gone. */
function hasLeft({ raw }: FastifyRequest, thrown: unknown): boolean {
  return thrown !== null && thrown === raw.errored;
}

/** Nobody reads an answer; the line of the request, which is written when one has left, would be missing. */
function tellThatLeft(request: FastifyRequest, reply: FastifyReply): void {
  const path = pathOf(request.url);
  request.log.info({ requestId: request.id }, `${request.method} ${path} ended before its body did`);
  reply.hijack();
}

/** The one form of failures. */
export function errorResponseOf(
  error: TypedError<unknown>,
  requestId: string,
  showStack: boolean,
): APIErrorResponse {
  const { code, message, details } = error;
  const stack = showStack ? stackOf(error) : undefined;
  return { success: false, error: { code, message, details, stack }, meta: metaOf(requestId) };
}

/** The same error as RFC 9457, for clients that ask for `application/problem+json`. */
function problem(error: TypedError<unknown>, requestId: string): object {
  const { status, code, message, details } = error;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail: message,
    code,
    details,
    ...metaOf(requestId),
  };
}

function stackOf(error: TypedError<unknown>): string | undefined {
  return error.cause instanceof Error ? error.cause.stack : error.stack;
}
