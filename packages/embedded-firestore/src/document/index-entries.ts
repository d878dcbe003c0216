import { invalid } from '../errors.ts';
import type { MapValue, Value } from '../value/types.ts';
import { valueKey } from '../value/value-key.ts';
import type { Document } from './document.ts';
import { formatFieldPath } from './field-path.ts';
import type { FieldPath } from './field-path.ts';
import { lastId, parentPath } from './resource-path.ts';

export const MAX_INDEX_ENTRIES = 40_000;
/** What has more entries than the limit is longer than this: an element of an array takes at least four bytes. */
const BYTES_WORTH_COUNTING = 4 * MAX_INDEX_ENTRIES;
/** Ascending and descending. */
const ENTRIES_PER_VALUE = 2;

/** Tells which fields of a collection (by its id) are kept in the automatic indexes. */
export type IndexedFields = (collectionId: string) => (fieldPath: string) => boolean;

/**
 * Refuses a document with more index entries than Firestore allows. Counted are the automatic ones: two for each value
 * that is neither map nor array, at whatever depth of maps, and one for each different element of an array.
 */
export function checkIndexEntries(document: Document, indexed: IndexedFields): void {
  if (document.data.length < BYTES_WORTH_COUNTING) return;
  const isIndexed = indexed(lastId(parentPath(document.path)));
  const entries = entriesOf(document.fields(), [], (path) => isIndexed(formatFieldPath(path)));
  if (entries <= MAX_INDEX_ENTRIES) return;
  throw invalid(
    `Document "${document.path}" has too many index entries: ${entries.toLocaleString('en-US')}, the limit is ` +
      `${MAX_INDEX_ENTRIES.toLocaleString('en-US')}. Exempt its largest field from indexing or divide the document.`,
  );
}

function entriesOf(fields: MapValue, above: FieldPath, isKept: (path: FieldPath) => boolean): number {
  let entries = 0;
  for (const [name, value] of fields) {
    const path = [...above, name];
    if (!isKept(path)) continue;
    entries += value instanceof Map ? entriesOf(value, path, isKept) : entriesOfValue(value);
  }
  return entries;
}

function entriesOfValue(value: Exclude<Value, MapValue>): number {
  return Array.isArray(value) ? new Set(value.map(valueKey)).size : ENTRIES_PER_VALUE;
}
