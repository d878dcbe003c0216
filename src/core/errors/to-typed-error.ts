import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import {
  BadRequest,
  Conflict,
  DynamicError,
  Forbidden,
  Internal,
  NotFound,
  PayloadTooLarge,
  ServiceUnavailable,
  TooManyRequests,
  Unauthorized,
  UnsupportedMediaType,
} from './errors.js';
import { TypedError, type TypedErrorClass } from './typed-error.js';

/** What Nest and Fastify throw themselves, by status. */
const BY_STATUS: Record<number, TypedErrorClass> = {
  400: BadRequest,
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  413: PayloadTooLarge,
  415: UnsupportedMediaType,
  429: TooManyRequests,
  503: ServiceUnavailable,
};

/** gRPC status codes of Firestore that say "not now": DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE. */
const BUSY_GRPC_CODES = new Set<unknown>([4, 8, 10, 14]);

/**
 * Whatever was thrown, as the error that the client sees. A fault that nobody typed becomes {@link Internal}, with
 * the original as its `cause` for the log.
 */
export function toTypedError(thrown: unknown): TypedError<unknown> {
  if (thrown instanceof TypedError) return thrown;
  if (isFirestoreBusy(thrown))
    return new ServiceUnavailable({ cause: thrown, headers: { 'Retry-After': '1' } });
  if (!isFrameworkError(thrown)) return new Internal({ cause: thrown });
  const status = thrown instanceof HttpException ? thrown.getStatus() : thrown.statusCode;
  if (status >= 500 && status !== 503) return new Internal({ cause: thrown });
  const { message } = thrown;
  const type = BY_STATUS[status];
  if (type) return new type({ message, cause: thrown });
  return new DynamicError({ status, code: codeOf(status), message, cause: thrown });
}

/** What is left of an error when a client may know its status only. */
export function genericErrorOf(error: TypedError<unknown>): TypedError<unknown> {
  const { status, headers } = error;
  const type = BY_STATUS[status] ?? (status >= 500 ? Internal : undefined);
  if (type) return new type({ cause: error, headers });
  return new DynamicError({ status, code: codeOf(status), message: textOf(status), cause: error, headers });
}

const textOf = (status: number): string => STATUS_CODES[status] ?? 'Client Error';
const codeOf = (status: number): string => textOf(status).toUpperCase().replaceAll(/\W+/g, '_');

/** Firestore's answer that somebody else holds the documents, or that it cannot be reached. */
export function isFirestoreBusy(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'details' in thrown && BUSY_GRPC_CODES.has((thrown as { code?: unknown }).code)
  );
}

/** Only Nest's and Fastify's own errors are written for clients; a `statusCode` on any other error proves nothing. */
function isFrameworkError(thrown: unknown): thrown is HttpException | (Error & { statusCode: number }) {
  if (thrown instanceof HttpException) return true;
  if (!(thrown instanceof Error)) return false;
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_');
}
