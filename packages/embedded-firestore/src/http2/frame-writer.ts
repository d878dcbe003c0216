import { Flag, Frame, MAX_FRAME_BYTES, Setting } from './protocol.ts';
import type { Code } from './protocol.ts';

const FIRST_BYTES = 4_096;
const MAX_KEPT_BYTES = 65_536;
/** Headers are sent as they are: the other side keeps nothing that we could refer to, and is told so once. */
const NO_TABLE = Buffer.from([0x20]);

/** Puts frames one behind the other, to be sent as one. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #hasSentHeaders = false;

  get length(): number {
    return this.#length;
  }

  frame(type: number, flags: number, stream: number, payload: Uint8Array): void {
    this.#header(payload.length, type, flags, stream);
    this.#append(payload);
  }

  /** The block of `encodeHeaders`. */
  headers(stream: number, block: Uint8Array, isEnd: boolean): void {
    const whole = this.#hasSentHeaders ? block : Buffer.concat([NO_TABLE, block]);
    this.#hasSentHeaders = true;
    const endStream = isEnd ? Flag.endStream : 0;
    for (let at = 0; at === 0 || at < whole.length; at += MAX_FRAME_BYTES) {
      const endHeaders = at + MAX_FRAME_BYTES >= whole.length ? Flag.endHeaders : 0;
      const part = whole.subarray(at, at + MAX_FRAME_BYTES);
      if (at === 0) this.frame(Frame.headers, endHeaders | endStream, stream, part);
      else this.frame(Frame.continuation, endHeaders, stream, part);
    }
  }

  settings(settings: Partial<Record<keyof typeof Setting, number>>): void {
    const payload = Buffer.concat(
      Object.entries(settings).map(([name, value]) => {
        const setting = Buffer.alloc(6);
        setting.writeUInt16BE(Setting[name as keyof typeof Setting]);
        setting.writeUInt32BE(value, 2);
        return setting;
      }),
    );
    this.frame(Frame.settings, 0, 0, payload);
  }

  windowUpdate(stream: number, bytes: number): void {
    this.#header(4, Frame.windowUpdate, 0, stream);
    this.#uint32(bytes);
  }

  reset(stream: number, code: Code): void {
    this.#header(4, Frame.reset, 0, stream);
    this.#uint32(code);
  }

  goaway(lastStream: number, code: Code): void {
    this.#header(8, Frame.goaway, 0, 0);
    this.#uint32(lastStream);
    this.#uint32(code);
  }

  /** The frames since it was last asked. */
  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length);
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_BYTES);
    return bytes;
  }

  #header(length: number, type: number, flags: number, stream: number): void {
    this.#uint32((length << 8) | type);
    this.#reserve(1);
    this.#bytes[this.#length++] = flags;
    this.#uint32(stream);
  }

  #append(payload: Uint8Array): void {
    this.#reserve(payload.length);
    this.#bytes.set(payload, this.#length);
    this.#length += payload.length;
  }

  #uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32BE(value >>> 0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Headers as HPACK without compression: names in lower case, values of ASCII. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(headers).map(([name, value]) =>
    Buffer.concat([Buffer.from([0]), encodedText(name), encodedText(value)]),
  );
  return Buffer.concat(parts);
}

function encodedText(text: string): Buffer {
  const prefix: number[] = [];
  let rest = text.length;
  if (rest < 127) prefix.push(rest);
  else {
    prefix.push(127);
    for (rest -= 127; rest >= 128; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
    prefix.push(rest);
  }
  return Buffer.concat([Buffer.from(prefix), Buffer.from(text, 'latin1')]);
}
