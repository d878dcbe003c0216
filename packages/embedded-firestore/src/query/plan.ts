import { formatFieldPath, isName } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { EVERYTHING } from '../storage/entries.ts';
import type { Range } from '../storage/entries.ts';
import type { Scope } from '../storage/index-set.ts';
import { indexId } from '../storage/index.ts';
import type { IndexDefinition, IndexField } from '../storage/index.ts';
import type { Reference, Value } from '../value/types.ts';
import { compareUtf8, valueKey } from '../value/value-key.ts';
import { cursorKey, nameKey } from './order-key.ts';
import type { Cursor, FieldFilter, Filter, Order, Query } from './query.ts';
import { AFTER_NULL, intersect, narrow, typeRange } from './ranges.ts';
import type { KeySpace } from './ranges.ts';

/** One pass over one index: everything with `prefix`, then one of the ranges, and then the rest of the filter. */
export interface Scan {
  definition: IndexDefinition;
  prefix: string;
  ranges: Range[];
  residual: FieldFilter[];
}

/** How a query is answered: the scans of its alternatives, merged in the query's order. */
export interface Plan {
  scope: Scope;
  /** Scans go from the last entry to the first. */
  reverse: boolean;
  scans: Scan[];
}

const plans = new WeakMap<Query, Plan | undefined>();

/** A query over all collections whatever their id has no index; it is answered by looking at everything. */
export function planQuery(query: Query): Plan | undefined {
  if (!plans.has(query)) plans.set(query, newPlan(query));
  return plans.get(query);
}

function newPlan(query: Query): Plan | undefined {
  const { from, orders } = query;
  if (from.collectionId === undefined) return undefined;
  const scope = from.allDescendants
    ? { group: from.collectionId }
    : { collection: from.parent === '' ? from.collectionId : `${from.parent}/${from.collectionId}` };
  const reverse = orders[0]!.descending;
  // An index can be read both ways, so one whose first order is ascending serves the opposite as well.
  const forward = reverse
    ? orders.map(({ path, descending }) => ({ path, descending: !descending }))
    : orders;
  const bounds = cursorRange(query, forward, reverse);
  return {
    scope,
    reverse,
    scans: conjunctions(query.where).map((filters) => planScan(filters, forward, bounds)),
  };
}

/** Whether what one scan finds no other does: they are of one index, with different values for its first fields. */
export function areDisjoint(scans: readonly Scan[]): boolean {
  if (scans.length < 2) return true;
  const { fields, id } = scans[0]!.definition;
  const isOfOneIndex = scans.every(({ definition }) => definition.id === id);
  const isOncePerDocument = fields.every(({ order }) => order !== 'contains');
  return (
    isOfOneIndex && isOncePerDocument && new Set(scans.map(({ prefix }) => prefix)).size === scans.length
  );
}

/** Documents of one collection by name need no index of their own. */
export function isByName(scope: Scope, definition: IndexDefinition): scope is { collection: string } {
  return definition.fields.length === 0 && 'collection' in scope;
}

/** The filter as a list of alternatives, each a list of filters that must all hold. */
export function conjunctions(filter: Filter | undefined): FieldFilter[][] {
  if (!filter) return [[]];
  if (filter.kind !== 'field') {
    const parts = filter.filters.map(conjunctions);
    if (filter.kind === 'or') return parts.flat();
    return parts.reduce((all, some) => all.flatMap((a) => some.map((b) => [...a, ...b])), [[]]);
  }
  const { op, path, value } = filter;
  if (op === 'in')
    return findable(value as Value[]).map((one) => [{ kind: 'field', path, op: '==', value: one }]);
  if (op === 'array-contains' || op === 'array-contains-any') {
    const wanted = op === 'array-contains' ? [value] : (value as Value[]);
    return findable(wanted).map((one) => [{ kind: 'field', path, op: 'array-contains', value: one }]);
  }
  return [[filter]];
}

/** null and NaN are never found by these operators. */
function findable(wanted: readonly Value[]): Value[] {
  const values = wanted.filter((element) => element !== null && !Number.isNaN(element));
  return [...new Map(values.map((element) => [valueKey(element), element])).values()];
}

function planScan(filters: readonly FieldFilter[], orders: readonly Order[], bounds: Range): Scan {
  const first = orders[0]!.path;
  const equalities = new Map<string, FieldFilter>();
  const residual: FieldFilter[] = [];
  let ranges = [EVERYTHING];
  let contains = false;
  for (const filter of filters) {
    const narrowed = isSame(filter.path, first) ? narrow(ranges, filter, keysOf(first)) : undefined;
    const text = formatFieldPath(filter.path);
    if (narrowed) {
      ranges = narrowed;
    } else if (isEquality(filter) && !isName(filter.path) && !equalities.has(text)) {
      equalities.set(text, filter);
    } else if (filter.op === 'array-contains' && !contains && !equalities.has(text)) {
      contains = true;
      equalities.set(text, filter);
    } else {
      residual.push(filter);
    }
  }
  const sorted = [...equalities].sort(([a], [b]) => compareUtf8(a, b)).map(([, filter]) => filter);
  const prefix = sorted.map(({ op, value }) => valueKey(op === 'is-nan' ? NaN : value)).join('');
  return { definition: definitionOf(sorted, orders), prefix, ranges: intersect(ranges, bounds), residual };
}

function definitionOf(equalities: readonly FieldFilter[], orders: readonly Order[]): IndexDefinition {
  const fields: IndexField[] = equalities.map(({ path, op }) => ({
    path,
    order: op === 'array-contains' ? 'contains' : 'ascending',
  }));
  for (const { path, descending } of orders) {
    if (!isName(path)) fields.push({ path, order: descending ? 'descending' : 'ascending' });
  }
  const nameDescending = orders.at(-1)!.descending;
  return { id: indexId(fields, nameDescending), fields, nameDescending };
}

function isEquality({ op }: FieldFilter): boolean {
  return op === '==' || op === 'is-null' || op === 'is-nan';
}

function isSame(a: FieldPath, b: FieldPath): boolean {
  return formatFieldPath(a) === formatFieldPath(b);
}

/** Names are kept without a type: nothing else stands in their place. */
function keysOf(path: FieldPath): KeySpace {
  if (!isName(path)) return { keyOf: valueKey, typeRange, firstNotNull: AFTER_NULL };
  return { keyOf: (value) => nameKey(value as Reference), typeRange: () => EVERYTHING, firstNotNull: '' };
}

/** What lies between the cursors, in the direction in which the index is kept. */
function cursorRange({ start, end }: Query, orders: readonly Order[], reverse: boolean): Range {
  const [low, high] = reverse ? [flip(end), flip(start)] : [start, end];
  return {
    from: low ? cursorKey(orders, low) : '',
    to: high ? cursorKey(orders, high) : undefined,
  };
}

function flip(cursor: Cursor | undefined): Cursor | undefined {
  return cursor && { values: cursor.values, before: !cursor.before };
}
