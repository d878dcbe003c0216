import { randomUUIDv7 } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type APIErrorResponse, metaOf } from './envelope.js';

interface Refusal {
  status: number;
  code: string;
  message: string;
}

const MALFORMED: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'This is not a well-formed HTTP/1.1 request.',
};

/** What Node.js finds wrong with what arrives, by its codes (https://nodejs.org/api/http.html#event-clienterror). */
const REFUSALS = new Map<string | undefined, Refusal>([
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { status: 408, code: 'REQUEST_TIMEOUT', message: 'The request took too long.' },
  ],
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, code: 'REQUEST_HEADER_FIELDS_TOO_LARGE', message: 'The headers are too long.' },
  ],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    { status: 413, code: 'PAYLOAD_TOO_LARGE', message: 'The extensions of a chunk are too long.' },
  ],
]);

/** Answers what never becomes a request, in the form of every other failure (H3), and ends the connection. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code, message } = REFUSALS.get(error.code) ?? MALFORMED;
  const meta = metaOf(randomUUIDv7());
  const body = JSON.stringify({ success: false, error: { code, message }, meta } satisfies APIErrorResponse);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-ID: ${meta.requestId}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
