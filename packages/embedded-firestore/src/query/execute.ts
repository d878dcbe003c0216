import type { Document } from '../document/document.ts';
import { parentPath } from '../document/resource-path.ts';
import type { Collection } from '../storage/collection.ts';
import type { Change, Database } from '../storage/database.ts';
import type { QueryLock } from '../transaction/lock-types.ts';
import type { MapValue, Micros } from '../value/types.ts';
import { compileFilter } from './filter.ts';
import type { Predicate } from './filter.ts';
import { orderBounds, orderKey } from './order-key.ts';
import type { Query } from './query.ts';

export interface Result {
  document: Document;
  fields: MapValue;
  /** Where it stands in the order of the query. */
  key: string;
}

export interface QueryResult {
  results: Result[];
  skipped: number;
}

/** A query made ready to be asked of documents one by one. */
export class Matcher {
  readonly #query: Query;
  readonly #matches: Predicate;
  readonly #from: string;
  readonly #to: string | undefined;

  constructor(query: Query) {
    this.#query = query;
    this.#matches = compileFilter(query.where, query.database);
    const { from, to } = orderBounds(query);
    this.#from = from;
    this.#to = to;
  }

  /** The document's place in the result before offset and limit, or undefined if it does not belong to it. */
  match(document: Document): Result | undefined {
    if (!isInSource(this.#query, document.path)) return undefined;
    const fields = document.fields();
    const candidate = { path: document.path, fields };
    const key = orderKey(this.#query.orders, candidate);
    if (key === undefined || key < this.#from || (this.#to !== undefined && key >= this.#to)) return undefined;
    return this.#matches(candidate) ? { document, fields, key } : undefined;
  }
}

export function executeQuery(database: Database, query: Query, time?: Micros): QueryResult {
  const matcher = new Matcher(query);
  const found: Result[] = [];
  for (const collection of collectionsOf(database, query)) {
    for (const document of database.documents(collection, time)) {
      const result = matcher.match(document);
      if (result) found.push(result);
    }
  }
  found.sort((a, b) => (a.key < b.key ? -1 : 1));
  const end = query.limit === undefined ? undefined : query.offset + query.limit;
  return { results: found.slice(query.offset, end), skipped: Math.min(query.offset, found.length) };
}

/** The lock that keeps a result true: any change that adds to it, removes from it or changes it conflicts. */
export function queryLock(query: Query, { results }: QueryResult): QueryLock {
  const matcher = new Matcher(query);
  const full = query.limit !== undefined && results.length >= query.limit;
  const last = full ? (results.at(-1)?.key ?? '') : undefined;
  const touches = (document: Document | undefined): boolean => {
    const result = document && matcher.match(document);
    return result !== undefined && (last === undefined || result.key <= last);
  };
  return { id: lockId(query), touchedBy: ({ before, after }: Change) => touches(before) || touches(after) };
}

function lockId({ database, from, where, orders, start, end, offset, limit }: Query): string {
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value instanceof Map ? [...value] : value);
  return `\0${JSON.stringify([database, from, where, orders, start, end, offset, limit], plain)}`;
}

function isInSource({ from }: Query, path: string): boolean {
  const collection = parentPath(path);
  if (!from.allDescendants) return collection === childPath(from.parent, from.collectionId!);
  if (from.collectionId !== undefined) {
    const isOfGroup = collection === from.collectionId || collection.endsWith(`/${from.collectionId}`);
    if (!isOfGroup) return false;
  }
  return from.parent === '' || path.startsWith(`${from.parent}/`);
}

function* collectionsOf(database: Database, { from }: Query): Generator<Collection> {
  if (!from.allDescendants) {
    const collection = database.collection(childPath(from.parent, from.collectionId!));
    if (collection) yield collection;
    return;
  }
  for (const collection of database.collectionsBelow(from.parent)) {
    if (from.collectionId === undefined || collection.id === from.collectionId) yield collection;
  }
}

function childPath(parent: string, id: string): string {
  return parent === '' ? id : `${parent}/${id}`;
}
