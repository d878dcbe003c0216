import { byName, formatFieldPath, isName, NAME_FIELD } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { invalid } from '../errors.ts';
import { MAX_DISJUNCTIONS } from '../value/limits.ts';
import { Reference } from '../value/types.ts';
import type { Value } from '../value/types.ts';
import { fieldFilters, INEQUALITIES } from './query.ts';
import type { Cursor, FieldFilter, Filter, Order, Query, QueryRequest } from './query.ts';

/** Checks a query by Firestore's rules and completes its order. */
export function normalizeQuery(request: QueryRequest): Query {
  if (request.offset < 0) throw invalid('The offset of a query must not be negative.');
  if (request.limit !== undefined && request.limit < 0)
    throw invalid('The limit of a query must not be negative.');
  checkFilters(request.where);
  const orders = completeOrders(request);
  if (request.start) checkCursor(request.start, orders, 'startAt');
  if (request.end) checkCursor(request.end, orders, 'endAt');
  return { ...request, orders };
}

function checkFilters(where: Filter | undefined): void {
  const filters = [...fieldFilters(where)];
  filters.forEach(checkFilter);
  if (where && disjunctions(where) > MAX_DISJUNCTIONS) {
    throw invalid(
      `A query may have ${MAX_DISJUNCTIONS} disjunctions at most, counted in disjunctive normal form.`,
    );
  }
  const negations = filters.filter(
    ({ op }) => op === 'not-in' || op === '!=' || op === 'is-not-nan' || op === 'is-not-null',
  );
  if (negations.filter(({ op }) => op === 'not-in').length > 1)
    throw invalid('A query may have one "not-in" filter.');
  if (negations.length > 1 && negations.some(({ op }) => op === 'not-in')) {
    throw invalid('"not-in" cannot be combined with "!=" in one query.');
  }
  if (
    negations.some(({ op }) => op === 'not-in') &&
    filters.some(({ op }) => op === 'in' || op === 'array-contains-any')
  ) {
    throw invalid('"not-in" cannot be combined with "in" or "array-contains-any" in one query.');
  }
}

function checkFilter({ path, op, value }: FieldFilter): void {
  if (op === 'in' || op === 'not-in' || op === 'array-contains-any') checkList(op, value);
  if (!isName(path)) return;
  if (op === 'array-contains' || op === 'array-contains-any' || op.startsWith('is-')) {
    throw invalid(`"${op}" cannot be used on ${NAME_FIELD}.`);
  }
  const values = Array.isArray(value) ? value : [value];
  if (!values.every((element) => element instanceof Reference)) {
    throw invalid(`A filter on ${NAME_FIELD} must compare with a document reference.`);
  }
}

function checkList(op: string, value: Value): void {
  if (!Array.isArray(value) || value.length === 0)
    throw invalid(`"${op}" needs a non-empty array of values.`);
  const max = op === 'not-in' ? 10 : MAX_DISJUNCTIONS;
  if (value.length > max)
    throw invalid(`"${op}" supports up to ${max} values, this one has ${value.length}.`);
}

/** How many alternatives the filter has when all ORs are pulled to the top. */
function disjunctions(filter: Filter): number {
  if (filter.kind === 'field') {
    const several = filter.op === 'in' || filter.op === 'array-contains-any';
    return several && Array.isArray(filter.value) ? filter.value.length : 1;
  }
  const counts = filter.filters.map(disjunctions);
  return counts.reduce((a, b) => (filter.kind === 'or' ? a + b : a * b), filter.kind === 'or' ? 0 : 1);
}

/** The order that is asked for, then the other inequality fields and the aggregated ones, then the document's name. */
function completeOrders({ orderBy, where, aggregated = [], limit, offset }: QueryRequest): Order[] {
  const orders: Order[] = [];
  const named = new Set<string>();
  const add = (order: Order) => {
    orders.push(order);
    named.add(formatFieldPath(order.path));
  };
  for (const order of orderBy) {
    if (named.has(formatFieldPath(order.path)))
      throw invalid(`The order names "${formatFieldPath(order.path)}" twice.`);
    add(order);
    if (isName(order.path)) return checkBeforeName(aggregated, named, orders);
  }
  const descending = orders.at(-1)?.descending ?? false;
  const inequalities = [...fieldFilters(where)].filter(
    ({ op, path }) => INEQUALITIES.has(op) && !isName(path),
  );
  const addAll = (paths: readonly FieldPath[]) => {
    for (const path of byName(paths)) if (!named.has(formatFieldPath(path))) add({ path, descending });
  };
  addAll(inequalities.map(({ path }) => path));
  if ([...fieldFilters(where)].some(({ path }) => isName(path))) checkBeforeName(aggregated, named, orders);
  // Of all results the order makes no difference to a sum.
  if (limit !== undefined || offset > 0) addAll(aggregated);
  add({ path: [NAME_FIELD], descending });
  return orders;
}

/** An index has nothing after the name, so what is aggregated must be ordered by before. */
function checkBeforeName(
  aggregated: readonly FieldPath[],
  named: ReadonlySet<string>,
  orders: Order[],
): Order[] {
  const after = byName(aggregated)
    .map(formatFieldPath)
    .filter((text) => !named.has(text));
  if (after.length === 0) return orders;
  throw invalid(
    `The query requires an index that has ${after.join(', ')} after ${NAME_FIELD}, and there are no such indexes. ` +
      'Order by these fields, too.',
  );
}

function checkCursor({ values }: Cursor, orders: Order[], what: string): void {
  if (values.length === 0) throw invalid(`${what} must have at least one value.`);
  if (values.length > orders.length) {
    throw invalid(
      `${what} has ${values.length} values, but the query is ordered by ${orders.length} fields.`,
    );
  }
  values.forEach((value, at) => {
    if (isName(orders[at]!.path) && !(value instanceof Reference)) {
      throw invalid(`${what}: the value for ${NAME_FIELD} must be a document reference.`);
    }
  });
}
