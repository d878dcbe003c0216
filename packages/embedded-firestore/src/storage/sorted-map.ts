export const LEAF_SIZE = 256;
const CHILDREN = 64;

type Node<V> = Leaf<V> | Branch<V>;

/** Keys one behind the other, as long as nobody asks for them: strings by the million would keep the collector busy. */
export interface PackedKeys {
  bytes: Buffer;
  /** Where each key ends. */
  ends: Uint32Array;
}

/** Entries in order, and the way to those before and after them. */
class Leaf<V> {
  readonly values: V[];
  previous: Leaf<V> | undefined;
  next: Leaf<V> | undefined;
  #keys: string[] | undefined;
  #packed: PackedKeys | undefined;

  constructor(keys: string[] | PackedKeys, values: V[]) {
    if (Array.isArray(keys)) this.#keys = keys;
    else this.#packed = keys;
    this.values = values;
  }

  get keys(): string[] {
    return this.#keys ?? this.#unpack();
  }

  get first(): string {
    return this.#packed ? keyIn(this.#packed, 0) : this.#keys![0]!;
  }

  get size(): number {
    return this.values.length;
  }

  #unpack(): string[] {
    const packed = this.#packed!;
    this.#keys = this.values.map((_, at) => keyIn(packed, at));
    this.#packed = undefined;
    return this.#keys;
  }

  rank(key: string): number {
    return lowerBound(this.keys, key);
  }

  /** True if the key is new. */
  set(key: string, value: V): boolean {
    const at = lowerBound(this.keys, key);
    if (this.keys[at] === key) {
      this.values[at] = value;
      return false;
    }
    this.keys.splice(at, 0, key);
    this.values.splice(at, 0, value);
    return true;
  }

  delete(key: string): boolean {
    const at = lowerBound(this.keys, key);
    if (this.keys[at] !== key) return false;
    this.keys.splice(at, 1);
    this.values.splice(at, 1);
    return true;
  }

  /** What no longer has room. Of the last leaf that is its end: entries that arrive in order leave full leaves behind. */
  split(): Leaf<V> | undefined {
    if (this.keys.length <= LEAF_SIZE) return undefined;
    const cut = this.next ? this.keys.length >> 1 : this.keys.length - 1;
    const right = new Leaf(this.keys.splice(cut), this.values.splice(cut));
    right.linkBetween(this, this.next);
    return right;
  }

  linkBetween(previous: Leaf<V> | undefined, next: Leaf<V> | undefined): void {
    this.previous = previous;
    this.next = next;
    if (previous) previous.next = this;
    if (next) next.previous = this;
  }

  unlink(): void {
    if (this.previous) this.previous.next = this.next;
    if (this.next) this.next.previous = this.previous;
  }
}

/** Nodes in order; each knows how many entries are below it. */
class Branch<V> {
  /** No key of a child is before its first; those in the children before it all are. */
  readonly firsts: string[];
  readonly children: Node<V>[];
  /** Of the children: side by side, so that adding them up does not touch each. */
  readonly sizes: number[];
  size: number;

  constructor(children: Node<V>[], firsts = children.map(({ first }) => first)) {
    this.children = children;
    this.firsts = firsts;
    this.sizes = children.map(({ size }) => size);
    this.size = this.sizes.reduce((sum, size) => sum + size, 0);
  }

  get first(): string {
    return this.firsts[0]!;
  }

  childFor(key: string): number {
    const at = lowerBound(this.firsts, key);
    return this.firsts[at] === key ? at : Math.max(at - 1, 0);
  }

  rank(key: string): number {
    const at = this.childFor(key);
    let before = 0;
    for (let child = 0; child < at; child++) before += this.sizes[child]!;
    return before + this.children[at]!.rank(key);
  }

  set(key: string, value: V): boolean {
    const at = this.childFor(key);
    const child = this.children[at]!;
    if (key < this.firsts[at]!) this.firsts[at] = key;
    if (!child.set(key, value)) return false;
    this.size++;
    const right = child.split();
    this.sizes[at] = child.size;
    if (right) {
      this.firsts.splice(at + 1, 0, right.first);
      this.sizes.splice(at + 1, 0, right.size);
      this.children.splice(at + 1, 0, right);
    }
    return true;
  }

  delete(key: string): boolean {
    const at = this.childFor(key);
    const child = this.children[at]!;
    if (!child.delete(key)) return false;
    this.size--;
    this.sizes[at]!--;
    if (child.size === 0) {
      this.firsts.splice(at, 1);
      this.sizes.splice(at, 1);
      this.children.splice(at, 1);
      if (child instanceof Leaf) child.unlink();
    }
    return true;
  }

  split(): Branch<V> | undefined {
    if (this.children.length <= CHILDREN) return undefined;
    const cut = this.children.length >> 1;
    const right = new Branch(this.children.splice(cut), this.firsts.splice(cut));
    this.sizes.length = cut;
    this.size -= right.size;
    return right;
  }
}

/**
 * An ordered map from keys to values: a B+ tree whose nodes know how many entries they hold, so that the entries of a
 * range are counted, and those before a page skipped, without a look at them.
 */
export class SortedMap<V> {
  #root: Node<V> = new Leaf<V>([], []);

  /** Of leaves filled in order, each with `LEAF_SIZE` entries at most. */
  static of<V>(parts: readonly { keys: PackedKeys; values: V[] }[]): SortedMap<V> {
    const map = new SortedMap<V>();
    let nodes: Node<V>[] = [];
    let previous: Leaf<V> | undefined;
    for (const { keys, values } of parts) {
      const leaf = new Leaf(keys, values);
      leaf.linkBetween(previous, undefined);
      nodes.push((previous = leaf));
    }
    while (nodes.length > 1) {
      const above: Node<V>[] = [];
      for (let from = 0; from < nodes.length; from += CHILDREN)
        above.push(new Branch(nodes.slice(from, from + CHILDREN)));
      nodes = above;
    }
    if (nodes[0]) map.#root = nodes[0];
    return map;
  }

  get size(): number {
    return this.#root.size;
  }

  get(key: string): V | undefined {
    const { leaf, at } = this.#seek(key);
    return leaf.keys[at] === key ? leaf.values[at] : undefined;
  }

  set(key: string, value: V): void {
    if (!this.#root.set(key, value)) return;
    const right = this.#root.split();
    if (right) this.#root = new Branch([this.#root, right]);
  }

  delete(key: string): boolean {
    if (!this.#root.delete(key)) return false;
    while (this.#root instanceof Branch && this.#root.children.length === 1)
      this.#root = this.#root.children[0]!;
    if (this.#root.size === 0) this.#root = new Leaf<V>([], []);
    return true;
  }

  /** How many keys come before this one. */
  rank(key: string): number {
    return this.#root.rank(key);
  }

  /** The key that so many others come before. */
  keyAt(rank: number): string | undefined {
    let node = this.#root;
    let left = rank;
    while (node instanceof Branch) {
      let at = 0;
      for (; at < node.children.length - 1 && left >= node.sizes[at]!; at++) left -= node.sizes[at]!;
      node = node.children[at]!;
    }
    return node.keys[left];
  }

  /** Entries with `start <= key < end`, in order or backwards. The map must not change meanwhile. */
  *range(start = '', end?: string, reverse = false): Generator<[string, V], void> {
    if (reverse) {
      yield* this.#backwards(start, end);
      return;
    }
    const from = this.#seek(start);
    let { at } = from;
    for (let leaf: Leaf<V> | undefined = from.leaf; leaf; leaf = leaf.next, at = 0) {
      const { keys, values } = leaf;
      const isWithin = end === undefined || keys.length === 0 || keys.at(-1)! < end;
      const stop = isWithin ? keys.length : lowerBound(keys, end);
      for (; at < stop; at++) yield [keys[at]!, values[at]!];
      if (!isWithin) return;
    }
  }

  *#backwards(start: string, end?: string): Generator<[string, V], void> {
    const from = this.#seek(end);
    let at = from.at - 1;
    for (let leaf: Leaf<V> | undefined = from.leaf; leaf; leaf = leaf.previous, at = (leaf?.size ?? 0) - 1) {
      const { keys, values } = leaf;
      const isWithin = keys.length === 0 || keys[0]! >= start;
      const stop = isWithin ? 0 : lowerBound(keys, start);
      for (; at >= stop; at--) yield [keys[at]!, values[at]!];
      if (!isWithin) return;
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

  /** Where a key stands or would stand; without one, the end. */
  #seek(key: string | undefined): { leaf: Leaf<V>; at: number } {
    let node = this.#root;
    while (node instanceof Branch) node = node.children.at(key === undefined ? -1 : node.childFor(key))!;
    return { leaf: node, at: key === undefined ? node.size : lowerBound(node.keys, key) };
  }
}

function keyIn({ bytes, ends }: PackedKeys, at: number): string {
  return bytes.toString('latin1', at === 0 ? 0 : ends[at - 1]!, ends[at]);
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
