import { randomUUIDv7 } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { BadRequest, DynamicError, PayloadTooLarge } from '../errors/errors.js';
import type { TypedError } from '../errors/typed-error.js';
import { errorResponseOf } from './error-answer.js';

const MALFORMED = new BadRequest({ message: 'This is not a well-formed HTTP/1.1 request.' });

/** What Node.js finds wrong with what arrives, by its codes (https://nodejs.org/api/http.html#event-clienterror). */
const REFUSALS = new Map<string | undefined, TypedError<unknown>>([
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    new DynamicError({ status: 408, code: 'REQUEST_TIMEOUT', message: 'The request took too long.' }),
  ],
  [
    'HPE_HEADER_OVERFLOW',
    new DynamicError({
      status: 431,
      code: 'REQUEST_HEADER_FIELDS_TOO_LARGE',
      message: 'The headers are too long.',
    }),
  ],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    new PayloadTooLarge({ message: 'The extensions of a chunk are too long.' }),
  ],
]);

/** Answers what never becomes a request, in the form of every other failure (H3), and ends the connection. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = REFUSALS.get(error.code) ?? MALFORMED;
  const requestId = randomUUIDv7();
  const body = JSON.stringify(errorResponseOf(refusal, requestId, false));
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-ID: ${requestId}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
