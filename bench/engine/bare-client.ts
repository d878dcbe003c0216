import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import descriptor from '@google-cloud/firestore-api/build/protos/protos.json' with { type: 'json' };
import protobuf from 'protobufjs';

const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace);
const SERVICE = 'google.firestore.v1';
/** Before each message: not compressed, and its length. */
const PREFIX = 5;

export type Method = 'BatchGetDocuments' | 'Commit' | 'RunQuery';
export type Message = Record<string, unknown>;

/**
 * Calls over one HTTP/2 connection without a library in between: no retries, no deadlines, no conversion of values. What
 * a call takes is what the engine takes, and the system.
 */
export class BareClient {
  readonly #session: ClientHttp2Session;

  constructor(address: string) {
    this.#session = connect(`http://${address}`).on('error', () => undefined);
  }

  /** The messages that come back. */
  async call(method: Method, request: Message): Promise<Message[]> {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': `/${SERVICE}.Firestore/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: 'Bearer owner',
    });
    let status: unknown;
    const note = (headers: NodeJS.Dict<unknown>) => (status = headers['grpc-status'] ?? status);
    stream.on('response', note).on('trailers', note).end(framed(method, request));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (status !== '0') throw new Error(`${method} ended with status ${String(status)}`);
    return messagesOf(method, Buffer.concat(chunks));
  }

  close(): void {
    this.#session.destroy();
  }
}

function framed(method: Method, request: Message): Buffer {
  const type = root.lookupType(`${SERVICE}.${method}Request`);
  const message = type.encode(request).finish();
  const frame = Buffer.alloc(PREFIX + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX);
  return frame;
}

function messagesOf(method: Method, bytes: Buffer): Message[] {
  const type = root.lookupType(`${SERVICE}.${method}Response`);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + PREFIX + bytes.readUInt32BE(at + 1);
    messages.push(type.decode(bytes.subarray(at + PREFIX, end)) as unknown as Message);
    at = end;
  }
  return messages;
}
