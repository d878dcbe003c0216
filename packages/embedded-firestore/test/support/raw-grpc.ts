import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

const SERVICE = '/google.firestore.v1.Firestore';
const PATIENCE_MS = 10_000;

export interface RawAnswer {
  /** The gRPC status; undefined when the stream ended without one. */
  status: number | undefined;
  message: string;
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

  open(method: string, headers: Record<string, string> = {}): ClientHttp2Stream {
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
  send(method: string, bytes: Uint8Array, headers?: Record<string, string>): Promise<RawAnswer> {
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
    const answer: RawAnswer = { status: undefined, message: '' };
    const note = (headers: NodeJS.Dict<string | string[] | number>) => {
      if (headers['grpc-status'] === undefined) return;
      answer.status = Number(headers['grpc-status']);
      answer.message = String(headers['grpc-message'] ?? '');
    };
    stream.on('response', note).on('trailers', note).resume();
    stream.on('close', () => {
      clearTimeout(hang);
      resolve(answer);
    });
  });
}
