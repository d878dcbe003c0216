import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CORS_HEADERS, EXPOSED_HEADERS } from './cors.js';
import { securityHeaders } from './security-headers.js';

const CONSTANT = { ...securityHeaders(), 'access-control-expose-headers': EXPOSED_HEADERS };
/** Names and values in turn; those to be filled in come first. */
const LIST = [
  ...['x-request-id', '', 'x-response-time', '', 'server-timing', ''],
  ...Object.entries(CONSTANT).flat(),
];
const NAMES = new Set(LIST.filter((_, at) => at % 2 === 0));

/**
 * Gives a response what each one carries, whoever answers it: request id, security headers, timing. What the route sets
 * itself under one of these names wins.
 *
 * They are added when the head of the response is written, as one list. As properties of the reply, which is no place for
 * twenty of them, they would cost more than the handler of a small answer does (bench/PROFILE.md).
 */
export function carryCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = reply;
  const writeHead = raw.writeHead.bind(raw) as (...parameters: unknown[]) => ServerResponse;
  raw.writeHead = (...parameters: unknown[]) => {
    const list = listFor(request, reply);
    const [status, given] = parameters;
    if (parameters.length === 2 && isAlone(given, raw)) {
      for (const name in given) list.push(name, given[name]);
      return writeHead(status, list);
    }
    for (let at = 0; at < list.length; at += 2)
      if (!raw.hasHeader(list[at] as string)) raw.setHeader(list[at] as string, list[at + 1] as string);
    return writeHead(...parameters);
  };
  reply.headers(CORS_HEADERS); // these may change on the way
}

function listFor(request: FastifyRequest, reply: FastifyReply): unknown[] {
  const milliseconds = reply.elapsedTime.toFixed(3);
  const list = LIST.slice() as unknown[];
  list[1] = request.id;
  list[3] = milliseconds;
  list[5] = `total;dur=${milliseconds}`;
  return list;
}

/** Whether these are all headers there are, as Fastify has them, and none of them is a common one. */
function isAlone(given: unknown, response: ServerResponse): given is OutgoingHttpHeaders {
  if (typeof given !== 'object' || Array.isArray(given) || response.getHeaderNames().length > 0) return false;
  for (const name in given) if (NAMES.has(name.toLowerCase())) return false;
  return true;
}
