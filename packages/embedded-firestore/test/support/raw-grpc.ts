import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

const SERVICE = '/google.firestore.v1.Firestore';
const PATIENCE_MS = 10_000;

/** Undefined leaves out what is sent otherwise. */
type Headers = Record<string, string | undefined>;

export interface RawAnswer {
  /** The gRPC status; undefined when the stream ended without one. */
  status: number | undefined;
  message: string;
  /** The HTTP status. */
  http: number | undefined;
  /** The status came with the headers. */
  isTrailersOnly: boolean;
  headers: NodeJS.Dict<string | string[] | number>;
  messages: Buffer[];
}

/** A gRPC client that keeps to no rule: it sends the bytes it is given. */
export class RawClient {
  readonly session: ClientHttp2Session;

  constructor(port: number) {
    // Like gRPC's own client: otherwise Node resets requests beyond 10 MB as soon as the server answers them.
    this.session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: Number.MAX_SAFE_INTEGER });
    // What becomes of the connection is seen in the streams.
    this.session.on('error', () => undefined);
  }

  open(method: string, headers: Headers = {}): ClientHttp2Stream {
    const path = method.startsWith('/') ? method : `${SERVICE}/${method}`;
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  }

  /** Sends bytes as they are and ends the request. */
  send(method: string, bytes: Uint8Array, headers?: Headers): Promise<RawAnswer> {
    const stream = this.open(method, headers);
    stream.end(bytes);
    return answerOf(stream, method);
  }

  /** Sends one message in a well-formed frame. */
  call(method: string, message: Uint8Array): Promise<RawAnswer> {
    return this.send(method, frame(message));
  }

  close(): void {
    this.session.destroy();
  }
}

export function frame(message: Uint8Array, { compressed = 0, length = message.length } = {}): Buffer {
  const header = Buffer.alloc(5);
  header[0] = compressed;
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, message]);
}

/** How the server ends the stream; a hang is an error. */
export function answerOf(stream: ClientHttp2Stream, what: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const hang = setTimeout(() => reject(new Error(`${what}: no end after ${PATIENCE_MS} ms`)), PATIENCE_MS);
    const headers: RawAnswer['headers'] = {};
    let isTrailersOnly = false;
    const body: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => body.push(chunk));
    stream.on('response', (first) => {
      Object.assign(headers, first);
      isTrailersOnly = 'grpc-status' in first;
    });
    stream.on('trailers', (trailers) => Object.assign(headers, trailers));
    stream.on('close', () => {
      clearTimeout(hang);
      const status = headers['grpc-status'];
      resolve({
        status: status === undefined ? undefined : Number(status),
        message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
        http: headers[':status'] as number | undefined,
        isTrailersOnly,
        headers,
        messages: messagesOf(Buffer.concat(body)),
      });
    });
  });
}

function messagesOf(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let rest = body; rest.length >= 5;) {
    const end = 5 + rest.readUInt32BE(1);
    messages.push(rest.subarray(5, end));
    rest = rest.subarray(end);
  }
  return messages;
}
