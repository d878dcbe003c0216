import { randomUUIDv7 } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const WELL_FORMED = /^[\w.:/+=-]{8,128}$/;

/**
 * The caller's `X-Request-ID` when it is well-formed (8..128 of `A-Z a-z 0-9 _ . : / + = -`: nothing that could break a
 * header or a log line), else a UUID version 7 (RFC 9562): sortable by time, 74 random bits.
 */
export function requestIdOf(request: IncomingMessage | { headers: IncomingMessage['headers'] }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUIDv7();
}
