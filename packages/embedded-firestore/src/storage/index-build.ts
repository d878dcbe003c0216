import type { MapValue } from '../value/types.ts';
import type { Collection } from './collection.ts';
import { KeyHeap } from './key-heap.ts';
import type { Row } from './row.ts';
import { LEAF_SIZE, SortedMap } from './sorted-map.ts';
import type { PackedKeys } from './sorted-map.ts';

const READ_AT_ONCE = 200;

/** An index, as far as it matters for building it. */
export interface Unbuilt {
  /** The fields of the documents that it is made of. */
  readonly names: ReadonlySet<string>;
  writeKeys(keys: KeyHeap, path: string, fields: MapValue): void;
  /** What history still holds of a document must be found by reads at a time as well. */
  retirePast(row: Row): void;
}

/**
 * Makes the entries of an index out of all documents as they are when it comes to them; it can be interrupted wherever
 * it yields. All keys are gathered and sorted once, which takes a fraction of inserting one after the other.
 */
export function* buildEntries(
  index: Unbuilt,
  collections: readonly Collection[],
): Generator<void, SortedMap<Row>> {
  const keys = new KeyHeap();
  const rows: Row[] = [];
  for (const { names } of collections) {
    for (let part = names.first(READ_AT_ONCE); part.length > 0;) {
      for (const [, row] of part) {
        index.retirePast(row);
        index.writeKeys(keys, row.path, row.document!.someFields(index.names));
        while (rows.length < keys.size) rows.push(row);
      }
      yield;
      part = names.first(READ_AT_ONCE, `${part.at(-1)![0]}\0`);
    }
    for (const [at, row] of names.retiredRows().entries()) {
      index.retirePast(row);
      if (at % READ_AT_ONCE === READ_AT_ONCE - 1) yield;
    }
  }
  yield* keys.sort();
  return yield* leavesOf(keys, rows);
}

function* leavesOf(sorted: KeyHeap, rows: readonly Row[]): Generator<void, SortedMap<Row>> {
  const leaves: { keys: PackedKeys; values: Row[] }[] = [];
  for (let place = 0; place < sorted.size;) {
    const numbers: number[] = [];
    for (; place < sorted.size && numbers.length < LEAF_SIZE; place++) {
      // An array may hold an element twice.
      const isKnown = place > 0 && sorted.isSameAsBefore(place);
      if (!isKnown) numbers.push(sorted.numberAt(place));
    }
    leaves.push({ keys: sorted.pack(numbers), values: numbers.map((number) => rows[number]!) });
    yield;
  }
  return SortedMap.of(leaves);
}
