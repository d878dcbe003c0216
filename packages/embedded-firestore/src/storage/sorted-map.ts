const LEAF_SIZE = 256;

interface Leaf<V> {
  keys: string[];
  values: V[];
}

/**
 * An ordered map from keys to values: a list of sorted leaves. With a quarter of a thousand entries a leaf, ten
 * million entries need forty thousand leaves, which a binary search and an array splice handle in microseconds.
 */
export class SortedMap<V> {
  #leaves: Leaf<V>[] = [{ keys: [], values: [] }];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const leaf = this.#leaves[this.#leafFor(key)]!;
    const at = lowerBound(leaf.keys, key);
    return leaf.keys[at] === key ? leaf.values[at] : undefined;
  }

  set(key: string, value: V): void {
    const index = this.#leafFor(key);
    const leaf = this.#leaves[index]!;
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] === key) {
      leaf.values[at] = value;
      return;
    }
    leaf.keys.splice(at, 0, key);
    leaf.values.splice(at, 0, value);
    this.#size++;
    if (leaf.keys.length > LEAF_SIZE) this.#split(index, at);
  }

  delete(key: string): boolean {
    const index = this.#leafFor(key);
    const leaf = this.#leaves[index]!;
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] !== key) return false;
    leaf.keys.splice(at, 1);
    leaf.values.splice(at, 1);
    this.#size--;
    if (leaf.keys.length === 0 && this.#leaves.length > 1) this.#leaves.splice(index, 1);
    return true;
  }

  /** Entries with `start <= key < end`, in order or backwards. The map must not change meanwhile. */
  *range(start = '', end?: string, reverse = false): Generator<[string, V], void> {
    if (reverse) {
      yield* this.#backwards(start, end);
      return;
    }
    let index = this.#leafFor(start);
    let at = lowerBound(this.#leaves[index]!.keys, start);
    for (; index < this.#leaves.length; index++, at = 0) {
      const { keys, values } = this.#leaves[index]!;
      for (; at < keys.length; at++) {
        if (end !== undefined && keys[at]! >= end) return;
        yield [keys[at]!, values[at]!];
      }
    }
  }

  *#backwards(start: string, end?: string): Generator<[string, V], void> {
    let index = end === undefined ? this.#leaves.length - 1 : this.#leafFor(end);
    const last = this.#leaves[index]!.keys;
    let at = (end === undefined ? last.length : lowerBound(last, end)) - 1;
    for (; index >= 0; index--, at = (this.#leaves[index]?.keys.length ?? 0) - 1) {
      const { keys, values } = this.#leaves[index]!;
      for (; at >= 0; at--) {
        if (keys[at]! < start) return;
        yield [keys[at]!, values[at]!];
      }
    }
  }

  /** The first entries from `start` on. */
  first(count: number, start = ''): [string, V][] {
    const entries: [string, V][] = [];
    for (const entry of this.range(start)) {
      entries.push(entry);
      if (entries.length === count) break;
    }
    return entries;
  }

  /** The last leaf whose first key is not after `key`. */
  #leafFor(key: string): number {
    let low = 0;
    let high = this.#leaves.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#leaves[middle]!.keys[0]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Splits in half, but at the end when entries arrive in order, so that leaves stay full. */
  #split(index: number, at: number): void {
    const leaf = this.#leaves[index]!;
    const appending = at === leaf.keys.length - 1 && index === this.#leaves.length - 1;
    const cut = appending ? leaf.keys.length - 1 : leaf.keys.length >> 1;
    const right = { keys: leaf.keys.splice(cut), values: leaf.values.splice(cut) };
    this.#leaves.splice(index + 1, 0, right);
  }
}

/** The first position whose key is not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
