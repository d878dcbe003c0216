import { invalid } from '../errors.ts';
import { MAX_INDEXED_BYTES, nameSize, valueSize } from '../value/limits.ts';
import { Vector } from '../value/types.ts';
import type { MapValue, Value } from '../value/types.ts';
import { valueKey } from '../value/value-key.ts';
import type { Document } from './document.ts';
import { fieldAt, formatFieldPath, isName } from './field-path.ts';
import type { FieldPath } from './field-path.ts';
import type { CompositeIndex, GroupIndexes } from './group-indexes.ts';
import { ENTRIES_PER_ELEMENT } from './index-declaration.ts';
import type { FieldIndex } from './index-declaration.ts';
import { lastId, parentPath } from './resource-path.ts';

export const MAX_INDEX_ENTRIES = 40_000;
export const MAX_INDEX_ENTRY_BYTES = 7_680;
export const MAX_INDEX_ENTRIES_BYTES = 8 * 1024 * 1024;

/** The indexes of a collection by its id: as of when they were last looked at, and as of now. */
export interface Indexes {
  known(collectionId: string): GroupIndexes;
  current(collectionId: string): GroupIndexes;
}

/** Refuses a document with more index entries, or larger ones, than Firestore allows. */
export function checkIndexEntries(document: Document, indexes: Indexes): void {
  const id = lastId(parentPath(document.path));
  if (isSmall(document, indexes.known(id))) return;
  const entries = new EntrySizes(document.path);
  const fields = document.fields();
  const { automatic, composites } = indexes.current(id);
  entries.addAutomatic(fields, automatic);
  for (const composite of composites) entries.addComposite(fields, composite);
  entries.check();
}

/**
 * Whether nothing of these bytes can be over a limit, so that most documents need not be taken apart. On the wire an
 * element of an array takes four bytes or more, a field nine, and any value a quarter of its size or more. What many
 * entries repeat, such as the path of a long array, takes room from what makes them many: on average an entry is
 * twice the document at most, beside the names.
 */
function isSmall({ path, data }: Document, { perElement, mostFields, composites }: GroupIndexes): boolean {
  const bytes = data.length;
  const overhead = entryOverhead(path);
  const entries = (bytes / 4) * perElement + composites.length;
  const largest = overhead + bytes + Math.min(4 * bytes, mostFields * MAX_INDEXED_BYTES);
  return (
    largest <= MAX_INDEX_ENTRY_BYTES &&
    entries <= MAX_INDEX_ENTRIES &&
    entries * (overhead + 2 * bytes) <= MAX_INDEX_ENTRIES_BYTES
  );
}

/** The document's name and that of the document above it, which each entry has, as far as it is of the collection only. */
function entryOverhead(path: string): number {
  const above = parentPath(parentPath(path));
  return nameSize(path) + (above === '' ? 0 : nameSize(above)) + 32;
}

/** The entries of one document, counted and measured as Google's documentation says. */
class EntrySizes {
  readonly #path: string;
  readonly #ofCollection: number;
  #count = 0;
  #bytes = 0;
  #largest = { bytes: 0, fields: '' };

  constructor(path: string) {
    this.#path = path;
    this.#ofCollection = entryOverhead(path);
  }

  /** The entries of each field by itself, at whatever depth of maps. */
  addAutomatic(
    fields: MapValue,
    { indexes, overrides }: GroupIndexes['automatic'],
    above: FieldPath = [],
  ): void {
    const aboveSize = above.reduce((sum, name) => sum + Buffer.byteLength(name) + 1, 0);
    for (const [name, value] of fields) {
      const path = [...above, name];
      const own = overrides.size === 0 ? indexes : (overrides.get(formatFieldPath(path)) ?? indexes);
      this.#addField(path, aboveSize + Buffer.byteLength(name) + 1, value, own);
      if (value instanceof Map) this.addAutomatic(value, { indexes: own, overrides }, path);
    }
  }

  #addField(path: FieldPath, pathSize: number, value: Value, indexes: readonly FieldIndex[]): void {
    const ofValue = pathSize + indexedSize(value);
    const named = () => formatFieldPath(path);
    for (const { arrayConfig, vectorConfig, queryScope } of indexes) {
      const overhead = queryScope === 'COLLECTION_GROUP' ? this.#ofGroup + 16 : this.#ofCollection;
      if (vectorConfig && !(value instanceof Vector)) continue;
      if (!arrayConfig) this.#add(overhead + ofValue, named);
      else
        for (const one of elementsOf(value))
          this.#add(overhead + pathSize + indexedSize(one), named, ENTRIES_PER_ELEMENT);
    }
  }

  /** The entries in one composite index: none without all of its fields, one for each element of an array. */
  addComposite(fields: MapValue, { queryScope, fields: indexed }: CompositeIndex): void {
    let overhead = queryScope === 'COLLECTION_GROUP' ? this.#ofGroup : this.#ofCollection;
    let elements: Value[] | undefined;
    for (const { path, isContains, isVector } of indexed) {
      if (isName(path)) continue;
      const value = fieldAt(fields, path);
      if (value === undefined || (isVector && !(value instanceof Vector))) return;
      if (isContains) elements = elementsOf(value);
      else overhead += indexedSize(value);
    }
    const named = () => indexed.map(({ path }) => formatFieldPath(path)).join(', ');
    if (!elements) this.#add(overhead, named);
    else for (const element of elements) this.#add(overhead + indexedSize(element), named);
  }

  check(): void {
    const { bytes, fields } = this.#largest;
    if (this.#count > MAX_INDEX_ENTRIES) {
      throw invalid(
        `too many index entries for entity /${this.#path}: ${format(this.#count)}, the limit is ` +
          `${format(MAX_INDEX_ENTRIES)}. Exempt its largest field from indexing or divide the document.`,
      );
    }
    if (bytes > MAX_INDEX_ENTRY_BYTES) {
      throw invalid(
        `Index entry on ${fields} is larger than ${MAX_INDEX_ENTRY_BYTES} bytes: it takes ${format(bytes)}. Index ` +
          `fewer long values together or give the document a shorter name: "${this.#path}".`,
      );
    }
    if (this.#bytes > MAX_INDEX_ENTRIES_BYTES) {
      throw invalid(
        `The index entries take ${format(this.#bytes)} bytes together, the limit is ` +
          `${format(MAX_INDEX_ENTRIES_BYTES)}, in document "${this.#path}". Exempt its largest field from indexing ` +
          'or divide the document.',
      );
    }
  }

  get #ofGroup(): number {
    return nameSize(this.#path) + 32;
  }

  #add(bytes: number, fields: () => string, times = 1): void {
    this.#count += times;
    this.#bytes += bytes * times;
    if (bytes > this.#largest.bytes) this.#largest = { bytes, fields: fields() };
  }
}

function indexedSize(value: Value): number {
  return Math.min(valueSize(value), MAX_INDEXED_BYTES);
}

/** Each different element of an array; none of anything else. */
function elementsOf(value: Value): Value[] {
  if (!Array.isArray(value)) return [];
  return [...new Map(value.map((element) => [valueKey(element), element])).values()];
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
