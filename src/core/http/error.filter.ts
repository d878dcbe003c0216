import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { toTypedError } from '../errors/to-typed-error.js';
import type { TypedError } from '../errors/typed-error.js';
import { type APIErrorResponse, metaOf } from './envelope.js';

/** Answers each failure, wherever it was thrown, in the one form of {@link APIErrorResponse}. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly showStack: boolean;

  constructor(settings: Settings) {
    this.showStack = settings.NODE_ENV === 'development';
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toTypedError(thrown);
    if (error.status >= 500)
      request.log.error({ err: error.cause ?? error, code: error.code }, error.message);
    if (reply.sent) return;
    reply.status(error.status).headers(error.headers);
    if (request.headers.accept?.includes('application/problem+json')) {
      reply.type('application/problem+json').send(JSON.stringify(problem(error, request.id)));
    } else {
      reply.type('application/json; charset=utf-8').send(this.envelope(error, request.id));
    }
  }

  private envelope(error: TypedError<unknown>, requestId: string): APIErrorResponse {
    const { code, message, details } = error;
    return {
      success: false,
      error: { code, message, details, stack: this.showStack ? stackOf(error) : undefined },
      meta: metaOf(requestId),
    };
  }
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
