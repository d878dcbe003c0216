import { gunzipSync, inflateSync } from 'node:zlib';
import { FirestoreError, invalid } from '../errors.ts';
import { ByteWriter } from '../value/byte-writer.ts';
import { MAX_REQUEST_BYTES } from '../value/limits.ts';

/*
 * gRPC's messages within an HTTP/2 stream: each comes behind one byte that says whether it is compressed, and its length
 * in four (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */

const PREFIX_BYTES = 5;
const NOTHING = Buffer.alloc(0);

/** How messages may be compressed, by the name in `grpc-encoding`. Without an entry: not at all. */
const DECOMPRESSORS = new Map([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
]);

export const ACCEPTED_ENCODINGS = ['identity', ...DECOMPRESSORS.keys()].join(',');

/** Takes the bytes of a request as they come, and passes on whole messages. */
export class MessageReader {
  readonly #encoding: string;
  readonly #onMessage: (bytes: Buffer) => void;
  /** The beginning of a message, in a buffer that may have room left. */
  #kept = NOTHING;
  #used = 0;

  constructor(encoding: string, onMessage: (bytes: Buffer) => void) {
    this.#encoding = encoding;
    this.#onMessage = onMessage;
  }

  /** @throws {FirestoreError} when the bytes are no messages, or too many. What follows is of no use then. */
  push(chunk: Buffer): void {
    let rest = this.#append(chunk);
    while (rest.length >= PREFIX_BYTES) {
      const length = rest.readUInt32BE(1);
      // Before its bytes are there: nobody makes the server hold more than it would take.
      if (length > MAX_REQUEST_BYTES) throw tooLarge(`this one has ${length}`);
      const end = PREFIX_BYTES + length;
      if (rest.length < end) break;
      this.#onMessage(this.#decompressed(rest[0]!, rest.subarray(PREFIX_BYTES, end)));
      rest = rest.length === end ? NOTHING : rest.subarray(end);
    }
    this.#keep(rest);
  }

  /** @throws {FirestoreError} when the request ends within a message. */
  end(): void {
    if (this.#used > 0) throw new FirestoreError('INTERNAL', 'The request ended in the middle of a message.');
  }

  #append(chunk: Buffer): Buffer {
    if (this.#used === 0) return chunk;
    const used = this.#used + chunk.length;
    if (used > this.#kept.length) {
      // Twice the room each time: a message in many small pieces is not copied for each of them.
      const larger = Buffer.allocUnsafeSlow(Math.max(used, 2 * this.#kept.length));
      this.#kept.copy(larger, 0, 0, this.#used);
      this.#kept = larger;
    }
    chunk.copy(this.#kept, this.#used);
    return this.#kept.subarray(0, used);
  }

  #keep(rest: Buffer): void {
    const isKept = rest.buffer === this.#kept.buffer && rest.byteOffset === this.#kept.byteOffset;
    if (rest.length === 0) this.#kept = NOTHING;
    else if (!isKept) this.#kept = Buffer.from(rest);
    this.#used = rest.length;
  }

  #decompressed(compressed: number, bytes: Buffer): Buffer {
    if (compressed === 0) return bytes;
    const decompress = compressed === 1 ? DECOMPRESSORS.get(this.#encoding) : undefined;
    if (!decompress) {
      throw new FirestoreError(
        'INTERNAL',
        `A message has the compressed flag ${compressed}, but grpc-encoding is "${this.#encoding}".`,
      );
    }
    try {
      return decompress(bytes, { maxOutputLength: MAX_REQUEST_BYTES });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('decompressed');
      throw new FirestoreError('INTERNAL', 'A message cannot be decompressed.');
    }
  }
}

/** @throws {FirestoreError} when messages that are compressed in this way cannot be read. */
export function checkEncoding(encoding: string): void {
  if (encoding === 'identity' || DECOMPRESSORS.has(encoding)) return;
  throw new FirestoreError(
    'UNIMPLEMENTED',
    `The grpc-encoding "${encoding}" is not supported; these are: ${ACCEPTED_ENCODINGS}.`,
  );
}

function tooLarge(which: string): FirestoreError {
  return invalid(`Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes (${which}).`);
}

/** Puts messages one behind the other, to be sent as one. */
export class MessageWriter {
  readonly #encode: (message: object, writer: ByteWriter) => void;
  readonly #writer = new ByteWriter();
  #starts: number[] = [];

  constructor(encode: (message: object, writer: ByteWriter) => void) {
    this.#encode = encode;
  }

  get length(): number {
    return this.#writer.len;
  }

  /** Drops what an exception has left. */
  clear(): void {
    this.#writer.reset();
    this.#starts = [];
  }

  add(message: object): void {
    this.#starts.push(this.#writer.len);
    // Room for the prefix: five bytes of zero.
    this.#writer.bool(false).fixed32(0);
    this.#encode(message, this.#writer);
  }

  /** The bytes of the messages since it was last asked. */
  take(): Buffer {
    const bytes = this.#writer.finish();
    let end = bytes.length;
    for (const start of this.#starts.reverse()) {
      bytes.writeUInt32BE(end - start - PREFIX_BYTES, start + 1);
      end = start;
    }
    this.#starts = [];
    return bytes;
  }
}
