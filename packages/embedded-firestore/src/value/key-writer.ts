const NUMERIC_ID = /^__id(0|-?[1-9]\d{0,18})__$/;
const SIGN = 1n << 63n;
const SHORT = 48;

/**
 * Builds order-preserving keys: binary strings (one character per byte) whose plain `<` is the order wanted.
 * Everything written is prefix-free, so parts can follow one another and be inverted for descending order.
 */
export class KeyWriter {
  #bytes = Buffer.allocUnsafe(512);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Bytes 0x00 are escaped as 0x00 0xff, the end is 0x00 0x01: a prefix sorts before its continuations. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length * 2 + 2);
    for (const byte of value) {
      this.#bytes[this.#length++] = byte;
      if (byte === 0) this.#bytes[this.#length++] = 0xff;
    }
    this.#bytes[this.#length++] = 0;
    this.#bytes[this.#length++] = 1;
  }

  string(value: string): void {
    if (this.#shortString(value)) return;
    const start = this.#length;
    this.#reserve(value.length * 3 + 2);
    const written = this.#bytes.write(value, start, 'utf8');
    const end = start + written;
    const zero = this.#bytes.indexOf(0, start);
    if (zero !== -1 && zero < end) {
      this.bytes(Buffer.from(this.#bytes.subarray(start, end)));
      return;
    }
    this.#length = end;
    this.#bytes[this.#length++] = 0;
    this.#bytes[this.#length++] = 1;
  }

  /** Most are short and of characters of one byte, which takes no call. */
  #shortString(value: string): boolean {
    if (value.length > SHORT) return false;
    this.#reserve(SHORT + 2);
    let at = this.#length;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code === 0 || code > 0x7f) return false;
      this.#bytes[at++] = code;
    }
    this.#bytes[at] = 0;
    this.#bytes[at + 1] = 1;
    this.#length = at + 2;
    return true;
  }

  double(value: number): void {
    this.#reserve(8);
    const at = this.#length;
    this.#bytes.writeDoubleBE(value === 0 ? 0 : value, at);
    const negative = this.#bytes[at]! >= 0x80;
    if (negative) this.invert(at, at + 8);
    else this.#bytes[at]! ^= 0x80;
    this.#length += 8;
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value + SIGN), this.#length);
    this.#length += 8;
  }

  uint16(value: number): void {
    this.byte(value >> 8);
    this.byte(value & 0xff);
  }

  /** One id of a resource path; `__id7__` are numeric ids and sort before all others, by number. */
  segment(id: string): void {
    const numeric = id.startsWith('__id') ? numericId(id) : undefined;
    if (numeric !== undefined) {
      this.byte(1);
      this.int64(numeric);
    } else {
      this.byte(2);
      this.string(id);
    }
  }

  /** A document's path. Its end sorts before every further id. */
  path(path: string): void {
    for (const id of path.split('/')) this.segment(id);
    this.byte(0);
  }

  /** Turns what was written since `from` into its descending form. */
  invert(from: number, to: number = this.#length): void {
    for (let at = from; at < to; at++) this.#bytes[at]! ^= 0xff;
  }

  /** Writes once more what stands there. */
  repeat(from: number, to: number): void {
    this.#reserve(to - from);
    this.#bytes.copyWithin(this.#length, from, to);
    this.#length += to - from;
  }

  /** A copy of everything written, with room behind it. */
  copy(room: number): Buffer {
    const copy = Buffer.alloc(this.#length + room);
    this.#bytes.copy(copy, 0, 0, this.#length);
    return copy;
  }

  truncate(length: number): void {
    this.#length = length;
  }

  toString(): string {
    return this.#bytes.toString('latin1', 0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** The number of an id like `__id7__`. There is one way to write each, so that different ids have different keys. */
export function numericId(id: string): bigint | undefined {
  const digits = NUMERIC_ID.exec(id)?.[1];
  if (digits === undefined) return undefined;
  const value = BigInt(digits);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

/** Sorts after every key that continues `prefix`: no part begins with 0xff. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\xff`;
}
