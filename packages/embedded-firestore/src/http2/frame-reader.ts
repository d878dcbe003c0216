import {
  Code,
  ConnectionError,
  Flag,
  Frame,
  FRAME_HEADER_BYTES,
  MAX_FRAME_BYTES,
  PREFACE,
  requireThat,
} from './protocol.ts';
import { MAX_HEADER_LIST_BYTES } from './request-headers.ts';

/** Of headers: whoever sends more of them sends them to keep us busy. */
const MAX_PARTS = 64;
const NOTHING: Buffer = Buffer.alloc(0);

/** The payload comes without padding and priority; headers come whole. `length` is what flow control counts. */
export type OnFrame = (type: number, flags: number, stream: number, payload: Buffer, length: number) => void;

/** Takes the bytes of a client as they come, and passes on whole frames. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of what is not whole yet. */
  #rest = NOTHING;
  #hasPreface = false;
  #isFirst = true;
  #isStopped = false;
  /** Headers of which more is to come. */
  #block: { flags: number; stream: number; parts: Buffer[]; bytes: number } | undefined;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws {ConnectionError} when the bytes are no frames. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = this.#hasPreface ? 0 : this.#readPreface(bytes);
    while (this.#hasPreface && !this.#isStopped && at + FRAME_HEADER_BYTES <= bytes.length) {
      const word = bytes.readUInt32BE(at);
      const length = word >>> 8;
      if (length > MAX_FRAME_BYTES) throw new ConnectionError(Code.frameSizeError, 'a frame is too large');
      const start = at + FRAME_HEADER_BYTES;
      if (start + length > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      this.#frame(word & 0xff, bytes[at + 4]!, stream, bytes.subarray(start, start + length));
      at = start + length;
    }
    this.#rest = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
  }

  /** Nothing more is wanted, not even of what has been pushed. */
  stop(): void {
    this.#isStopped = true;
  }

  #readPreface(bytes: Buffer): number {
    const length = Math.min(bytes.length, PREFACE.length);
    requireThat(bytes.compare(PREFACE, 0, length, 0, length) === 0, 'this is no HTTP/2');
    this.#hasPreface = length === PREFACE.length;
    return this.#hasPreface ? length : 0;
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (this.#isFirst)
      requireThat(type === Frame.settings && !(flags & Flag.ack), 'settings must come first');
    this.#isFirst = false;
    if (type === Frame.continuation) return this.#continue(flags, stream, payload);
    requireThat(!this.#block, 'headers must be whole before anything else comes');
    if (type === Frame.headers) this.#headers(flags, stream, payload);
    else if (type === Frame.data)
      this.#onFrame(type, flags, stream, unpadded(flags, payload), payload.length);
    else this.#onFrame(type, flags, stream, payload, payload.length);
  }

  #headers(flags: number, stream: number, payload: Buffer): void {
    let bytes = unpadded(flags, payload);
    if (flags & Flag.priority) {
      requireThat(bytes.length >= 5, 'a priority is missing');
      bytes = bytes.subarray(5);
    }
    if (flags & Flag.endHeaders) this.#onFrame(Frame.headers, flags, stream, bytes, bytes.length);
    else this.#block = { flags, stream, parts: [bytes], bytes: bytes.length };
  }

  #continue(flags: number, stream: number, payload: Buffer): void {
    const block = this.#block;
    if (block?.stream !== stream) throw new ConnectionError(Code.protocolError, 'a continuation of nothing');
    block.bytes += payload.length;
    if (block.bytes > MAX_HEADER_LIST_BYTES || block.parts.push(payload) > MAX_PARTS)
      throw new ConnectionError(Code.enhanceYourCalm, 'the headers are too large, or in too many parts');
    if (!(flags & Flag.endHeaders)) return;
    this.#block = undefined;
    this.#onFrame(Frame.headers, block.flags, stream, Buffer.concat(block.parts), block.bytes);
  }
}

function unpadded(flags: number, payload: Buffer): Buffer {
  if (!(flags & Flag.padded)) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionError(Code.protocolError, 'more padding than there is');
  return payload.subarray(1, payload.length - padding);
}
