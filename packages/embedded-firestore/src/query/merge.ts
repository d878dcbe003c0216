import type { Row } from '../storage/row.ts';

/** A document that belongs to the result, and its place in the order. */
export interface Hit {
  key: string;
  row: Row;
}

interface Head {
  hit: Hit;
  stream: Iterator<Hit | undefined, void>;
}

/** Merges streams that are each in order; what several of them have comes once, and their pauses come through. */
export function* merge(
  streams: Iterable<Iterator<Hit | undefined, void>>,
  reverse: boolean,
): Generator<Hit | undefined, void> {
  /** The next of each stream, the first of them last. */
  const heads: Head[] = [];
  const isBefore = (a: Hit, b: Hit) => (reverse ? a.key > b.key : a.key < b.key);
  for (const stream of streams) yield* advance(heads, stream, isBefore);
  let last: string | undefined;
  for (let head = heads.pop(); head; head = heads.pop()) {
    if (head.hit.key !== last) yield head.hit;
    last = head.hit.key;
    yield* advance(heads, head.stream, isBefore);
  }
}

function* advance(
  heads: Head[],
  stream: Head['stream'],
  isBefore: (a: Hit, b: Hit) => boolean,
): Generator<undefined, void> {
  let next = stream.next();
  for (; !next.done && !next.value; next = stream.next()) yield undefined;
  if (next.done) return;
  const hit = next.value!;
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(hit, heads[middle]!.hit)) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, { hit, stream });
}
