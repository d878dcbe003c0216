import { fieldAt, formatFieldPath } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { KeyWriter } from '../value/key-writer.ts';
import type { MapValue, Micros, Value } from '../value/types.ts';
import { valueKey, writeValue } from '../value/value-key.ts';
import type { Collection, Version } from './collection.ts';
import { SortedMap } from './sorted-map.ts';

export interface IndexField {
  path: FieldPath;
  /** `contains` has an entry for each element of an array. */
  order: 'ascending' | 'descending' | 'contains';
}

export interface IndexDefinition {
  fields: readonly IndexField[];
  nameDescending: boolean;
}

interface Retired {
  path: string;
  /** When the entry stopped to be true. */
  until: Micros;
}

const BUILT_AT_ONCE = 200;
const writer = new KeyWriter();

export function indexId({ fields, nameDescending }: IndexDefinition): string {
  return (
    fields.map(({ path, order }) => `${formatFieldPath(path)} ${order}`).join(', ') +
    (nameDescending ? ' desc' : '')
  );
}

/**
 * An ordered list of (field values, document name). Entries of the present are exact, so that a read of now needs no
 * look at the documents; entries of the past are kept beside them for reads at a time, as long as history goes back.
 */
export class Index {
  readonly definition: IndexDefinition;
  readonly #current = new SortedMap<string>();
  readonly #retired = new SortedMap<Retired>();
  #retirements: { key: string; until: Micros }[] = [];
  /** What is left of building it. */
  #building: Iterator<void> | undefined;

  constructor(definition: IndexDefinition, collections: readonly Collection[]) {
    this.definition = definition;
    this.#building = this.#fill(collections);
  }

  get size(): number {
    return this.#current.size;
  }

  /** Goes on with the building until all is done or the time is up, and tells whether all is done. */
  build(until = Infinity): boolean {
    while (this.#building && performance.now() < until) {
      if (this.#building.next().done) this.#building = undefined;
    }
    return !this.#building;
  }

  /** Part by part, in the order of the names. What changes in between is seen to by `update`. */
  *#fill(collections: readonly Collection[]): Generator<void> {
    const names = new Set(this.definition.fields.map(({ path }) => path[0]!));
    for (const { versions } of collections) {
      for (let part = versions.first(BUILT_AT_ONCE); part.length > 0;) {
        for (const [, version] of part) this.#add(version, names);
        yield;
        part = versions.first(BUILT_AT_ONCE, `${part.at(-1)![0]}\0`);
      }
    }
  }

  /** What history still holds of a document must be found by reads at a time as well. */
  #add({ document, time, older }: Version, names: ReadonlySet<string>): void {
    if (document) {
      for (const key of this.keysOf(document.path, document.someFields(names)))
        this.#current.set(key, document.path);
    }
    for (let until = time, version = older; version; until = version.time, version = version.older) {
      const { document: past } = version;
      if (!past) continue;
      for (const key of this.keysOf(past.path, past.someFields(names))) this.retire(key, past.path, until);
    }
  }

  update(path: string, before: MapValue | undefined, after: MapValue | undefined, time: Micros): void {
    const removed = new Set(before && this.keysOf(path, before));
    for (const key of after ? this.keysOf(path, after) : []) {
      if (!removed.delete(key)) this.#current.set(key, path);
    }
    for (const key of removed) {
      this.#current.delete(key);
      this.retire(key, path, time);
    }
  }

  retire(key: string, path: string, until: Micros): void {
    const known = this.#retired.get(key);
    if (known && known.until >= until) return;
    this.#retired.set(key, { path, until });
    this.#retirements.push({ key, until });
  }

  /** Drops entries that no read can ask for any more. */
  forgetBefore(time: Micros): void {
    const kept = this.#retirements.findIndex(({ until }) => until > time);
    const gone = this.#retirements.splice(0, kept === -1 ? this.#retirements.length : kept);
    for (const { key, until } of gone) {
      if (this.#retired.get(key)?.until === until) this.#retired.delete(key);
    }
  }

  /** Entries of now in a range: exact. */
  range(from: string, to: string | undefined, reverse: boolean): Generator<[string, string], void> {
    return this.#current.range(from, to, reverse);
  }

  /** Entries that may have been true at `time`: each is to be checked against the document as it was. */
  *rangeAt(
    from: string,
    to: string | undefined,
    reverse: boolean,
    time: Micros,
  ): Generator<[string, string]> {
    const isBefore = (a: string, b: string) => (reverse ? a > b : a < b);
    const current = this.#current.range(from, to, reverse);
    let next = current.next();
    for (const [key, { path, until }] of this.#retired.range(from, to, reverse)) {
      if (until <= time) continue;
      for (; !next.done && isBefore(next.value[0], key); next = current.next()) yield next.value;
      if (next.done || next.value[0] !== key) yield [key, path];
    }
    for (; !next.done; next = current.next()) yield next.value;
  }

  /** The entries a document has here: none if it lacks a field, several for the elements of an array. */
  keysOf(path: string, fields: MapValue): string[] {
    const values: Value[] = [];
    for (const field of this.definition.fields) {
      const value = fieldAt(fields, field.path);
      if (value === undefined || (field.order === 'contains' && !Array.isArray(value))) return [];
      values.push(value);
    }
    const contains = this.definition.fields.findIndex(({ order }) => order === 'contains');
    if (contains === -1) return [this.#key(path, values)];
    const elements = new Map((values[contains] as Value[]).map((element) => [valueKey(element), element]));
    return [...elements.values()].map((element) => this.#key(path, values.with(contains, element)));
  }

  #key(path: string, values: readonly Value[]): string {
    writer.truncate(0);
    this.definition.fields.forEach(({ order }, at) => {
      const from = writer.length;
      writeValue(writer, values[at]!);
      if (order === 'descending') writer.invert(from);
    });
    const from = writer.length;
    writer.path(path);
    if (this.definition.nameDescending) writer.invert(from);
    return writer.toString();
  }
}
