import { fieldAt, formatFieldPath } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import type { Work } from '../slices.ts';
import { KeyWriter } from '../value/key-writer.ts';
import type { MapValue, Micros, Value } from '../value/types.ts';
import { writeValue } from '../value/value-key.ts';
import type { Collection } from './collection.ts';
import { Entries } from './entries.ts';
import { buildEntries } from './index-build.ts';
import type { Unbuilt } from './index-build.ts';
import type { KeyHeap } from './key-heap.ts';
import { documentAt } from './row.ts';
import type { Row } from './row.ts';

export interface IndexField {
  path: FieldPath;
  /** `contains` has an entry for each element of an array. */
  order: 'ascending' | 'descending' | 'contains';
}

export interface IndexDefinition {
  /** Equal for equal indexes. */
  id: string;
  fields: readonly IndexField[];
  nameDescending: boolean;
}

interface Update {
  key: string;
  row: Row;
  time: Micros;
  isAdded: boolean;
}

const REPLAYED_AT_ONCE = 256;
const writer = new KeyWriter();

export function indexId(fields: readonly IndexField[], nameDescending: boolean): string {
  const texts = fields.map(({ path, order }) => `${formatFieldPath(path)} ${order}`);
  return texts.join(', ') + (nameDescending ? ' desc' : '');
}

/** An ordered list of (field values, document name). */
export class Index implements Unbuilt {
  readonly definition: IndexDefinition;
  readonly entries: Entries;
  readonly names: ReadonlySet<string>;
  readonly #contains: number;
  /** What is left of building it. */
  #building: Iterator<void> | undefined;
  /** What has changed since the building began. */
  #meanwhile: Update[] = [];

  /** Everything that changes after `since` is told to `update`. */
  constructor(definition: IndexDefinition, collections: readonly Collection[], since: Micros) {
    this.definition = definition;
    this.names = new Set(definition.fields.map(({ path }) => path[0]!));
    this.#contains = definition.fields.findIndex(({ order }) => order === 'contains');
    this.entries = new Entries((row, key, time) => this.#had(row, key, time), since);
    this.#building = this.#build(collections);
  }

  get isBuilt(): boolean {
    return !this.#building;
  }

  /** Goes on with the building, which several may do in turn. */
  *build(): Work<void> {
    while (this.#building) {
      if (this.#building.next().done) this.#building = undefined;
      else yield;
    }
  }

  update(row: Row, before: MapValue | undefined, after: MapValue | undefined, time: Micros): void {
    const removed = new Set(before && this.#keysOf(row.path, before));
    for (const key of after ? this.#keysOf(row.path, after) : []) {
      if (!removed.delete(key)) this.#change({ key, row, time, isAdded: true });
    }
    for (const key of removed) this.#change({ key, row, time, isAdded: false });
  }

  /** Adds the entries that a document has here: none if it lacks a field, several for the elements of an array. */
  writeKeys(keys: KeyHeap, path: string, fields: MapValue): void {
    const values = this.#valuesOf(fields);
    if (!values) return;
    const to = keys.writer;
    let rest: { from: number; to: number } | undefined;
    for (const element of this.#elements(values)) {
      const start = keys.begin();
      this.#writeBeginning(to, values, element);
      if (rest && start > 0) {
        to.repeat(rest.from, rest.to);
      } else {
        const from = to.length;
        this.#writeRest(to, values, path);
        rest = { from, to: to.length };
      }
    }
  }

  retirePast(row: Row): void {
    for (let past = row.older; past; past = past.older) {
      const fields = past.document?.someFields(this.names);
      for (const key of fields ? this.#keysOf(row.path, fields) : [])
        this.entries.retire(key, row, past.newer.time);
    }
  }

  *#build(collections: readonly Collection[]): Generator<void> {
    this.entries.replace(yield* buildEntries(this, collections));
    for (let at = 0; at < this.#meanwhile.length; at++) {
      this.#apply(this.#meanwhile[at]!);
      if (at % REPLAYED_AT_ONCE === REPLAYED_AT_ONCE - 1) yield;
    }
    this.#meanwhile = [];
  }

  #change(update: Update): void {
    if (this.#building) this.#meanwhile.push(update);
    else this.#apply(update);
  }

  #apply({ key, row, time, isAdded }: Update): void {
    if (isAdded) this.entries.add(key, row, time);
    else this.entries.remove(key, row, time);
  }

  #had(row: Row, key: string, time: Micros): boolean {
    const document = documentAt(row, time);
    return document !== undefined && this.#keysOf(row.path, document.someFields(this.names)).includes(key);
  }

  #keysOf(path: string, fields: MapValue): string[] {
    const values = this.#valuesOf(fields);
    if (!values) return [];
    const keys = this.#elements(values).map((element) => {
      writer.truncate(0);
      this.#writeBeginning(writer, values, element);
      this.#writeRest(writer, values, path);
      return writer.toString();
    });
    return keys.length > 1 ? [...new Set(keys)] : keys;
  }

  #valuesOf(fields: MapValue): Value[] | undefined {
    const values: Value[] = [];
    for (const { path, order } of this.definition.fields) {
      const value = fieldAt(fields, path);
      if (value === undefined || (order === 'contains' && !Array.isArray(value))) return undefined;
      values.push(value);
    }
    return values;
  }

  /** One for each entry: what stands in the place of the array, if there is one. */
  #elements(values: readonly Value[]): readonly Value[] {
    return this.#contains === -1 ? [null] : (values[this.#contains] as Value[]);
  }

  /** Up to the element, which is what the entries of a document differ in. */
  #writeBeginning(key: KeyWriter, values: readonly Value[], element: Value): void {
    if (this.#contains === -1) return;
    this.#writeFields(key, values, 0, this.#contains);
    writeValue(key, element);
  }

  #writeRest(key: KeyWriter, values: readonly Value[], path: string): void {
    this.#writeFields(key, values, this.#contains + 1, values.length);
    const from = key.length;
    key.path(path);
    if (this.definition.nameDescending) key.invert(from);
  }

  #writeFields(key: KeyWriter, values: readonly Value[], first: number, end: number): void {
    for (let at = first; at < end; at++) {
      const from = key.length;
      writeValue(key, values[at]!);
      if (this.definition.fields[at]!.order === 'descending') key.invert(from);
    }
  }
}
