import type { ByteString } from './byte-string.ts';

/** A call that waits for a slow client shall not hold what it has sent. */
const MAX_KEPT_BYTES = 16_384;
const SHORT_STRING = 32;

/**
 * Writes protobuf straight into a buffer, with the methods that protobufjs' generated encoders call. Its own writer makes
 * an object for each value first, which was a third of all that a commit allocated.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(512);
  #length = 0;
  /** Where the messages begin that are being written. */
  readonly #starts: number[] = [];

  get len(): number {
    return this.#length;
  }

  uint32(value: number): this {
    this.#reserve(5);
    this.#varint(value >>> 0);
    return this;
  }

  int32(value: number): this {
    return this.int64(value);
  }

  bool(value: boolean): this {
    return this.uint32(value ? 1 : 0);
  }

  uint64(value: number): this {
    return this.int64(value);
  }

  int64(value: number | bigint): this {
    this.#reserve(10);
    if (typeof value === 'number' && value >= 0) this.#varint(value);
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  fixed32(value: number): this {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
    return this;
  }

  double(value: number): this {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    return this;
  }

  string(value: string): this {
    if (value.length < SHORT_STRING && this.#shortAscii(value)) return this;
    const length = Buffer.byteLength(value);
    this.uint32(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length, 'utf8');
    return this;
  }

  bytes(value: Uint8Array): this {
    this.uint32(value.length).#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** Bytes that are fields already. */
  raw(value: ByteString): this {
    this.#reserve(value.length);
    this.#length += this.#bytes.write(value, this.#length, 'latin1');
    return this;
  }

  /** Begins a message within; `ldelim` ends it and puts its length before it. */
  fork(): this {
    this.#reserve(1);
    this.#starts.push(++this.#length);
    return this;
  }

  ldelim(): this {
    const start = this.#starts.pop()!;
    const length = this.#length - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return this;
    }
    const prefix = length < 0x4000 ? 2 : length < 0x200000 ? 3 : length < 0x10000000 ? 4 : 5;
    this.#reserve(prefix);
    this.#bytes.copyWithin(start - 1 + prefix, start, this.#length);
    this.#length = start - 1;
    this.#varint(length);
    this.#length += length;
    return this;
  }

  /** Forgets what an exception has left. */
  reset(): this {
    this.#length = 0;
    this.#starts.length = 0;
    return this;
  }

  /** What was written, in a buffer of its own; the writer is empty then. */
  finish(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length);
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#empty();
    return bytes;
  }

  /** The same as a string. */
  finishString(): ByteString {
    const bytes = this.#bytes.toString('latin1', 0, this.#length);
    this.#empty();
    return bytes;
  }

  #empty(): void {
    this.reset();
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(512);
  }

  #varint(value: number): void {
    while (value >= 0x80000000) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#bytes[this.#length++] = value;
  }

  #bigVarint(value: bigint): void {
    while (value >= 0x80n) {
      this.#bytes[this.#length++] = Number(value & 0x7fn) | 0x80;
      value >>= 7n;
    }
    this.#bytes[this.#length++] = Number(value);
  }

  /** Most names and many texts: one byte for each character, and one for the length. */
  #shortAscii(value: string): boolean {
    this.#reserve(SHORT_STRING);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = value.length;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
