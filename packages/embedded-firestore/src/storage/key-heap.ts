import { KeyWriter } from '../value/key-writer.ts';
import type { PackedKeys } from './sorted-map.ts';

const BLOCK_BITS = 20;
const BLOCK = 1 << BLOCK_BITS;
/** How many bytes of a key are compared at once. */
const STEP = 6;
const FEW = 12;
const PAUSE_AFTER = 16_384;

/**
 * Very many keys that are to be sorted once, none of which begins with another. They lie one behind the other in blocks
 * of bytes and are brought in order by their numbers: there is neither a string nor an object for each.
 *
 * The way is multikey quicksort (Bentley and Sedgewick) with the next bytes of each key at hand (Kärkkäinen and Rantala):
 * most comparisons are of two numbers which lie side by side.
 */
export class KeyHeap {
  /** Where a key is written after `begin`. */
  readonly writer = new KeyWriter();
  readonly #blocks: Buffer[] = [];
  /** Where each key begins: the number of its block, and the place in it. */
  #starts = new Uint32Array(1_024);
  #size = 0;
  #order = new Uint32Array(0);
  /** Of each key in the order, the bytes that are to be compared next. */
  #next = new Float64Array(0);

  get size(): number {
    return this.#size;
  }

  /** Begins a key and tells where in the writer; at 0 what was written before is no longer there. */
  begin(): number {
    if (this.writer.length >= BLOCK) this.#endBlock();
    if (this.#size === this.#starts.length) {
      const larger = new Uint32Array(this.#size * 2);
      larger.set(this.#starts);
      this.#starts = larger;
    }
    this.#starts[this.#size++] = this.#blocks.length * BLOCK + this.writer.length;
    return this.writer.length;
  }

  /** Brings the keys in order, and can be interrupted wherever it yields. Nothing may be added afterwards. */
  *sort(): Generator<void> {
    this.#endBlock();
    this.#order = new Uint32Array(this.#size);
    this.#next = new Float64Array(this.#size);
    for (let at = 0; at < this.#size; at++) this.#order[at] = at;
    yield* this.#look(0, this.#size, 0);
    yield* this.#sortAll();
    this.#next = new Float64Array(0);
  }

  /** Which key, by the order in which they were added, stands at a place. */
  numberAt(place: number): number {
    return this.#order[place]!;
  }

  /** Whether the key at a place equals the one before it. */
  isSameAsBefore(place: number): boolean {
    const [a, b] = [this.#order[place - 1]!, this.#order[place]!];
    const length = this.#length(a);
    if (this.#length(b) !== length) return false;
    const [blockOfA, blockOfB] = [this.#blockOf(a), this.#blockOf(b)];
    const [startOfA, startOfB] = [this.#starts[a]! % BLOCK, this.#starts[b]! % BLOCK];
    // They differ at the end, if anywhere: names stand there.
    let at = length - 1;
    while (at >= 0 && blockOfA[startOfA + at] === blockOfB[startOfB + at]) at--;
    return at === -1;
  }

  /** A copy of these keys. */
  pack(numbers: readonly number[]): PackedKeys {
    const ends = new Uint32Array(numbers.length);
    let size = 0;
    for (const [at, number] of numbers.entries()) ends[at] = size += this.#length(number);
    const bytes = Buffer.allocUnsafeSlow(size);
    let to = 0;
    for (const [at, number] of numbers.entries()) {
      const block = this.#blockOf(number);
      for (let from = this.#starts[number]! % BLOCK; to < ends[at]!;) bytes[to++] = block[from++]!;
    }
    return { bytes, ends };
  }

  #endBlock(): void {
    this.#blocks.push(this.writer.copy(STEP));
    this.writer.truncate(0);
  }

  *#sortAll(): Generator<void> {
    const order = this.#order;
    const next = this.#next;
    const left = [{ low: 0, high: this.#size, depth: 0 }];
    let done = 0;
    for (let range = left.pop(); range; range = left.pop()) {
      const { low, high, depth } = range;
      if (high - low <= FEW) {
        this.#insertionSort(low, high, depth);
        if ((done += FEW) > PAUSE_AFTER) yield void (done = 0);
        continue;
      }
      const pivot = median(next[low]!, next[(low + high) >> 1]!, next[high - 1]!);
      let less = low;
      let more = high;
      for (let at = low; at < more;) {
        const bytes = next[at]!;
        if (bytes === pivot) {
          at++;
        } else {
          const other = bytes < pivot ? less++ : --more;
          const number = order[at]!;
          next[at] = next[other]!;
          next[other] = bytes;
          order[at] = order[other]!;
          order[other] = number;
          if (bytes < pivot) at++;
        }
        if (++done > PAUSE_AFTER) yield void (done = 0);
      }
      left.push({ low, high: less, depth }, { low: more, high, depth });
      // Otherwise they are equal: a key that ends here is not the beginning of another.
      if (depth + STEP < this.#length(order[less]!)) {
        yield* this.#look(less, more, depth + STEP);
        left.push({ low: less, high: more, depth: depth + STEP });
      }
    }
  }

  /** Fetches the bytes of these keys that stand at `depth`. */
  *#look(low: number, high: number, depth: number): Generator<void> {
    for (let at = low; at < high; at++) {
      this.#next[at] = this.#bytesAt(this.#order[at]!, depth);
      if (at % PAUSE_AFTER === PAUSE_AFTER - 1) yield;
    }
  }

  #insertionSort(low: number, high: number, depth: number): void {
    const order = this.#order;
    const next = this.#next;
    for (let at = low + 1; at < high; at++) {
      const number = order[at]!;
      const bytes = next[at]!;
      let to = at;
      for (; to > low && this.#isBefore(number, bytes, order[to - 1]!, next[to - 1]!, depth); to--) {
        order[to] = order[to - 1]!;
        next[to] = next[to - 1]!;
      }
      order[to] = number;
      next[to] = bytes;
    }
  }

  #isBefore(a: number, aBytes: number, b: number, bBytes: number, depth: number): boolean {
    if (aBytes !== bBytes) return aBytes < bBytes;
    const length = this.#length(a);
    for (let at = depth + STEP; at < length; at += STEP) {
      const [x, y] = [this.#bytesAt(a, at), this.#bytesAt(b, at)];
      if (x !== y) return x < y;
    }
    return false;
  }

  #bytesAt(number: number, depth: number): number {
    const block = this.#blockOf(number);
    const at = (this.#starts[number]! % BLOCK) + depth;
    const high = (block[at]! << 16) | (block[at + 1]! << 8) | block[at + 2]!;
    return high * 0x1000000 + ((block[at + 3]! << 16) | (block[at + 4]! << 8) | block[at + 5]!);
  }

  #blockOf(number: number): Buffer {
    return this.#blocks[this.#starts[number]! >>> BLOCK_BITS]!;
  }

  #length(number: number): number {
    const start = this.#starts[number]!;
    const block = start >>> BLOCK_BITS;
    const next = number + 1 < this.#size ? this.#starts[number + 1]! : undefined;
    if (next !== undefined && next >>> BLOCK_BITS === block) return next - start;
    return this.#blocks[block]!.length - STEP - (start % BLOCK);
  }
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
