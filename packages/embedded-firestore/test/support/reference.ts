import { fieldAt } from '../../src/document/field-path.ts';
import type { FieldFilter, Filter, Query } from '../../src/query/query.ts';
import { GeoPoint, Reference, Timestamp, Vector } from '../../src/value/types.ts';
import type { MapValue, Value } from '../../src/value/types.ts';

/*
 * Firestore's rules once more, as plainly as can be and without regard to speed: what the engine is compared with.
 */

export interface Stored {
  path: string;
  fields: MapValue;
}

function rank(value: Value): number {
  if (value === null) return 0;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'number' || typeof value === 'bigint') return Number.isNaN(value) ? 2 : 3;
  if (value instanceof Timestamp) return 4;
  if (typeof value === 'string') return 5;
  if (value instanceof Uint8Array) return 6;
  if (value instanceof Reference) return 7;
  if (value instanceof GeoPoint) return 8;
  if (Array.isArray(value)) return 9;
  return value instanceof Vector ? 10 : 11;
}

export function compareValues(a: Value, b: Value): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a === null || b === null || rank(a) === 2) return 0;
  if (a instanceof Timestamp && b instanceof Timestamp) return a.seconds - b.seconds || a.nanos - b.nanos;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof Reference && b instanceof Reference) return compareNames(a.name, b.name);
  if (a instanceof GeoPoint && b instanceof GeoPoint)
    return a.latitude - b.latitude || a.longitude - b.longitude;
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  if (a instanceof Vector && b instanceof Vector)
    return a.values.length - b.values.length || compareLists([...a.values], [...b.values]);
  if (a instanceof Map && b instanceof Map) return compareMaps(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareValues(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareMaps(a: MapValue, b: MapValue): number {
  const entries = (map: MapValue) => [...map].sort(([x], [y]) => compareValues(x, y)).flat();
  return compareLists(entries(a), entries(b));
}

export function compareNames(a: string, b: string): number {
  return compareLists(a.split('/'), b.split('/'));
}

function matches(filter: Filter | undefined, document: Stored, database: string): boolean {
  if (!filter) return true;
  if (filter.kind !== 'field') {
    const inner = filter.filters.map((part) => matches(part, document, database));
    return filter.kind === 'and' ? !inner.includes(false) : inner.includes(true);
  }
  const isName = filter.path[0] === '__name__';
  const value = isName
    ? new Reference(`${database}/documents/${document.path}`)
    : fieldAt(document.fields, filter.path);
  return value !== undefined && test(filter, value);
}

function test({ op, value: operand }: FieldFilter, value: Value): boolean {
  const equal = (other: Value) => compareValues(value, other) === 0;
  const list = Array.isArray(operand) ? operand : [];
  const findable = (other: Value) => other !== null && !Number.isNaN(other);
  switch (op) {
    case '==':
      return equal(operand);
    case '!=':
      return value !== null && !equal(operand);
    case 'in':
      return list.filter(findable).some(equal);
    case 'not-in':
      return value !== null && !list.includes(null) && !list.some(equal);
    case 'array-contains':
      return findable(operand) && Array.isArray(value) && value.some((e) => compareValues(e, operand) === 0);
    case 'array-contains-any':
      return (
        Array.isArray(value) &&
        value.some((e) => list.filter(findable).some((o) => compareValues(e, o) === 0))
      );
    case 'is-null':
      return value === null;
    case 'is-not-null':
      return value !== null;
    case 'is-nan':
      return Number.isNaN(value);
    case 'is-not-nan':
      return value !== null && !Number.isNaN(value);
    default:
      break;
  }
  if (rank(value) !== rank(operand)) return false;
  const order = compareValues(value, operand);
  return op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0;
}

/** The paths that a query must return. */
export function naiveQuery(documents: readonly Stored[], query: Query): string[] {
  const valueOf = (document: Stored, path: readonly string[]) =>
    path[0] === '__name__'
      ? new Reference(`${query.database}/documents/${document.path}`)
      : fieldAt(document.fields, path);
  const places = documents
    .filter(({ path }) => inSource(query, path))
    .filter((document) => matches(query.where, document, query.database))
    .map((document) => ({
      path: document.path,
      place: query.orders.map(({ path }) => valueOf(document, path)),
    }))
    .filter((entry): entry is { path: string; place: Value[] } => !entry.place.includes(undefined));
  const compare = (a: readonly Value[], b: readonly Value[]) => {
    for (const [at, { descending }] of query.orders.entries()) {
      if (at >= a.length || at >= b.length) return 0;
      const order = compareValues(a[at]!, b[at]!);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
  const within = places.filter(({ place }) => {
    const fromStart = query.start ? compare(place, query.start.values) : 1;
    const toEnd = query.end ? compare(place, query.end.values) : -1;
    return (
      (query.start?.before ? fromStart >= 0 : fromStart > 0) &&
      (query.end?.before === false ? toEnd <= 0 : toEnd < 0)
    );
  });
  within.sort((a, b) => compare(a.place, b.place));
  const end = query.limit === undefined ? undefined : query.offset + query.limit;
  return within.slice(query.offset, end).map(({ path }) => path);
}

function inSource({ from }: Query, path: string): boolean {
  const ids = path.split('/');
  const parent = ids.slice(0, -2).join('/');
  if (!from.allDescendants) return parent === from.parent && ids.at(-2) === from.collectionId;
  const isBelow = from.parent === '' || path.startsWith(`${from.parent}/`);
  return isBelow && (from.collectionId === undefined || ids.at(-2) === from.collectionId);
}
