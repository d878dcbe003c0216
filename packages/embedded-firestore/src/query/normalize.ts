import { byName, formatFieldPath, isName, NAME_FIELD } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { FirestoreError, invalid } from '../errors.ts';
import { MAX_DISJUNCTIONS } from '../value/limits.ts';
import { Reference } from '../value/types.ts';
import type { Value } from '../value/types.ts';
import { fieldFilters, INEQUALITIES } from './query.ts';
import type { Cursor, FieldFilter, Filter, Operator, Order, Query, QueryRequest } from './query.ts';

const NEGATIONS: ReadonlySet<Operator> = new Set<Operator>(['!=', 'not-in', 'is-not-nan', 'is-not-null']);

/** Checks a query by Firestore's rules and completes its order. */
export function normalizeQuery(request: QueryRequest): Query {
  if (request.offset < 0) throw invalid('The offset of a query must not be negative.');
  if (request.limit !== undefined && request.limit < 0)
    throw invalid('The limit of a query must not be negative.');
  checkFilters(request.where, request.database);
  const orders = completeOrders(request);
  checkReach(request, orders);
  if (request.start) checkCursor(request.start, request, 'startAt');
  if (request.end) checkCursor(request.end, request, 'endAt');
  return { ...request, orders };
}

/** Of everything below a document, and of collections of every id, there is an index by name only. */
function checkReach({ from, where, aggregated = [] }: QueryRequest, orders: readonly Order[]): void {
  const isBelow = from.allDescendants && from.parent !== '';
  if (!isBelow && from.collectionId !== undefined) return;
  const paths = [...fieldFilters(where), ...orders].map(({ path }) => path);
  const what = isBelow ? 'A query of everything below a document' : 'A query of all collections';
  const [field] = [...paths.filter((path) => !isName(path)), ...aggregated];
  if (field)
    throw invalid(`${what} cannot use ${formatFieldPath(field)}: it can filter and order by name only.`);
  if (!orders[0]!.descending) return;
  const message = `${what} goes in the ascending order of names only: there is no index for another.`;
  throw new FirestoreError(
    from.collectionId === undefined ? 'INVALID_ARGUMENT' : 'FAILED_PRECONDITION',
    message,
  );
}

function checkFilters(where: Filter | undefined, database: string): void {
  const filters = [...fieldFilters(where)];
  for (const filter of filters) checkFilter(filter, database);
  if (where && disjunctions(where) > MAX_DISJUNCTIONS) {
    throw invalid(
      `A query may have ${MAX_DISJUNCTIONS} disjunctions at most, counted in disjunctive normal form.`,
    );
  }
  if (filters.filter(({ op }) => NEGATIONS.has(op)).length > 1)
    throw invalid('A query may have only one filter that is "!=", "not-in", IS_NOT_NAN or IS_NOT_NULL.');
  const ops = new Set(filters.map(({ op }) => op));
  if (ops.has('not-in') && (ops.has('in') || ops.has('array-contains-any')))
    throw invalid('"not-in" cannot be combined with "in" or "array-contains-any" in one query.');
  if (where && membershipsTogether(where) > 1)
    throw invalid('Of "array-contains" and "array-contains-any" a disjunction may have only one.');
  checkEqualityOnName(filters);
}

/** How many filters for members of arrays must hold together. */
function membershipsTogether(filter: Filter): number {
  if (filter.kind === 'field') return filter.op.startsWith('array-contains') ? 1 : 0;
  const counts = filter.filters.map(membershipsTogether);
  return filter.kind === 'or' ? Math.max(...counts) : counts.reduce((a, b) => a + b, 0);
}

function checkEqualityOnName(filters: readonly FieldFilter[]): void {
  const inequalities = filters.filter(({ op }) => INEQUALITIES.has(op));
  const isFixed = filters.some(({ op, path }) => isName(path) && !INEQUALITIES.has(op));
  if (!isFixed || inequalities.length === 0 || inequalities.some(({ path }) => isName(path))) return;
  throw invalid(`Equality on ${NAME_FIELD} cannot be combined with inequalities on other fields.`);
}

function checkFilter({ path, op, value }: FieldFilter, database: string): void {
  if (op === 'in' || op === 'not-in' || op === 'array-contains-any') checkList(op, value);
  if (!isName(path)) return;
  if (op === 'array-contains' || op === 'array-contains-any' || op.startsWith('is-')) {
    throw invalid(`"${op}" cannot be used on ${NAME_FIELD}.`);
  }
  const values = Array.isArray(value) ? value : [value];
  for (const element of values) checkIsName(element, database, `A filter on ${NAME_FIELD}`);
}

function checkIsName(value: Value, database: string, what: string): void {
  if (!(value instanceof Reference)) throw invalid(`${what} must have a document reference.`);
  if (!value.name.startsWith(`${database}/documents/`))
    throw invalid(`${what} must have a document of ${database}, not ${value.name}.`);
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
    const text = formatFieldPath(order.path);
    if (named.has(text)) throw invalid(`The order names "${text}" twice.`);
    orders.push(order);
    named.add(text);
  };
  const missing = (paths: readonly FieldPath[]) =>
    byName(paths).filter((path, at, all) => !named.has(formatFieldPath(path)) && !isSame(path, all[at - 1]));
  orderBy.forEach(add);
  const descending = orders.at(-1)?.descending ?? false;
  const unequal = [...fieldFilters(where)].filter(({ op }) => INEQUALITIES.has(op)).map(({ path }) => path);
  const implied = missing(unequal.filter((path) => !isName(path)));
  const byNameAt = orders.findIndex(({ path }) => isName(path));
  if (byNameAt !== -1) checkIsLast(orders, byNameAt, implied);
  for (const path of implied) add({ path, descending });
  const hasName = byNameAt !== -1 || [...fieldFilters(where)].some(({ path }) => isName(path));
  if (hasName) checkBeforeName(missing(aggregated));
  // Of all results the order makes no difference to a sum.
  else if (limit !== undefined || offset > 0)
    for (const path of missing(aggregated)) add({ path, descending });
  if (byNameAt === -1) add({ path: [NAME_FIELD], descending });
  return orders;
}

function isSame(path: FieldPath, other: FieldPath | undefined): boolean {
  return other !== undefined && formatFieldPath(path) === formatFieldPath(other);
}

function checkIsLast(orders: readonly Order[], at: number, implied: readonly FieldPath[]): void {
  const after = [...orders.slice(at + 1).map(({ path }) => path), ...implied].map(formatFieldPath);
  if (after.length > 0) throw invalid(`An order ends with ${NAME_FIELD}: put ${after.join(', ')} before it.`);
}

/** An index has nothing after the name, so what is aggregated must be ordered by before. */
function checkBeforeName(after: readonly FieldPath[]): void {
  if (after.length === 0) return;
  throw invalid(
    `The query requires an index that has ${after.map(formatFieldPath).join(', ')} after ${NAME_FIELD}, and there ` +
      'are no such indexes. Order by these fields, too.',
  );
}

function checkCursor({ values }: Cursor, { database, orderBy }: QueryRequest, what: string): void {
  if (values.length > orderBy.length) {
    throw invalid(
      `${what} has ${values.length} values, but the query is ordered by ${orderBy.length} fields.`,
    );
  }
  values.forEach((value, at) => {
    if (isName(orderBy[at]!.path)) checkIsName(value, database, `${what} for ${NAME_FIELD}`);
  });
}
