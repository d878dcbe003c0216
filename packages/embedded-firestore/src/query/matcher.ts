import type { Document } from '../document/document.ts';
import type { Change } from '../storage/collection.ts';
import type { QueryLock } from '../transaction/lock-types.ts';
import { compileFilter } from './filter.ts';
import type { Predicate } from './filter.ts';
import { orderBounds, orderKey } from './order-key.ts';
import type { Query } from './query.ts';
import { isInSource } from './source.ts';

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
  place(document: Document): string | undefined {
    if (!isInSource(this.#query, document.path)) return undefined;
    const candidate = { path: document.path, fields: document.fields() };
    const key = orderKey(this.#query.orders, candidate);
    if (key === undefined || key < this.#from || (this.#to !== undefined && key >= this.#to))
      return undefined;
    return this.#matches(candidate) ? key : undefined;
  }
}

/**
 * The lock that keeps a result true: any change that adds to it, removes from it or changes it conflicts. Without the
 * results, where a page ends is not known.
 */
export function queryLock(query: Query, results?: readonly Document[]): QueryLock {
  const matcher = new Matcher(query);
  const { limit = Infinity, nearest } = query;
  // What sorts behind the last result of a full page cannot change the page. The nearest are in another order.
  const isFull = !nearest && results !== undefined && results.length >= limit;
  const last = isFull ? results.at(-1) : undefined;
  const end = last ? matcher.place(last) : isFull ? '' : undefined;
  const touches = (document: Document | undefined): boolean => {
    const place = document && matcher.place(document);
    return place !== undefined && (end === undefined || place <= end);
  };
  return { id: lockId(query), touchedBy: ({ before, after }: Change) => touches(before) || touches(after) };
}

/** Begins with a character that no document path begins with. */
function lockId({ database, from, where, orders, start, end, offset, limit }: Query): string {
  return `\0${JSON.stringify([database, from, where, orders, start, end, offset, limit], plainly)}`;
}

function plainly(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Map ? [...value] : value;
}
