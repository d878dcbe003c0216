import { byName, formatFieldPath, isName, NAME_FIELD } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import type { DeclaredField, DeclaredIndex, QueryScope } from '../document/index-declaration.ts';
import { compareUtf8 } from '../value/value-key.ts';
import type { Nearest } from './nearest.ts';
import { conjunctions } from './plan.ts';
import { INEQUALITIES } from './query.ts';
import type { FieldFilter, Query } from './query.ts';

/** What one alternative of a query needs of an index. */
export interface Need {
  collectionGroup: string;
  queryScope: QueryScope;
  /** Fields compared for equality; they may come first, in any order and from several indexes. */
  equalities: DeclaredField[];
  /** Fields in the order of the results, without the name where its direction goes without saying. */
  orders: DeclaredField[];
  /** The vector to be near to: the last field of one index that has all the others too. */
  vector?: DeclaredField;
}

/** The needs of a query, one for each of its alternatives; aggregated fields must be in the index too. */
export function needsOf(query: Query, aggregated: readonly FieldPath[] = []): Need[] {
  const { collectionId, allDescendants } = query.from;
  if (collectionId === undefined) return [];
  const queryScope = allDescendants ? 'COLLECTION_GROUP' : 'COLLECTION';
  return conjunctions(query.where).map((filters) => {
    const equalities = equalitiesOf(filters);
    const orders = filters.some(isOneName)
      ? []
      : ordersOf(query, aggregated, new Set(equalities.map(({ fieldPath }) => fieldPath)));
    const vector = query.nearest && vectorOf(query.nearest);
    return { collectionGroup: collectionId, queryScope, equalities, orders, ...(vector && { vector }) };
  });
}

/** A document that is named needs to be found in no index. */
function isOneName({ path, op }: FieldFilter): boolean {
  return isName(path) && !INEQUALITIES.has(op);
}

function vectorOf({ path, vector }: Nearest): DeclaredField {
  return { fieldPath: formatFieldPath(path), vectorConfig: { dimension: vector.values.length, flat: {} } };
}

function equalitiesOf(filters: readonly FieldFilter[]): DeclaredField[] {
  const fields = new Map<string, DeclaredField>();
  for (const { path, op } of filters) {
    if (isName(path) || INEQUALITIES.has(op)) continue;
    const fieldPath = formatFieldPath(path);
    const isContains = op === 'array-contains';
    fields.set(
      `${fieldPath} ${isContains}`,
      isContains ? { fieldPath, arrayConfig: 'CONTAINS' } : { fieldPath, order: 'ASCENDING' },
    );
  }
  return [...fields.values()].sort((a, b) => compareUtf8(a.fieldPath, b.fieldPath));
}

function ordersOf(
  query: Query,
  aggregated: readonly FieldPath[],
  equal: ReadonlySet<string>,
): DeclaredField[] {
  const fields = query.orders
    .map(
      ({ path, descending }) =>
        ({ fieldPath: formatFieldPath(path), order: descending ? 'DESCENDING' : 'ASCENDING' }) as const,
    )
    // A field that has one value only does not order anything.
    .filter(({ fieldPath }) => !equal.has(fieldPath));
  const name = fields.pop()!;
  for (const path of byName(aggregated)) {
    const fieldPath = formatFieldPath(path);
    const known = equal.has(fieldPath) || fields.some((field) => field.fieldPath === fieldPath);
    if (!known) fields.push({ fieldPath, order: name.order });
  }
  // Without another field names are in the order of the documents themselves, which goes one way only.
  const direction = fields.at(-1)?.order ?? (equal.size > 0 ? name.order : 'ASCENDING');
  const isImplied = direction === name.order;
  return isImplied ? fields : [...fields, { fieldPath: NAME_FIELD, order: name.order }];
}

/** The index to declare when nothing serves the need. */
export function suggestionFor({
  collectionGroup,
  queryScope,
  equalities,
  orders,
  vector,
}: Need): DeclaredIndex {
  return { collectionGroup, queryScope, fields: [...equalities, ...orders, ...(vector ? [vector] : [])] };
}

/** Whether single-field indexes, which need no declaration, are enough: then these fields must have theirs. */
export function isSingleField({ equalities, orders, vector }: Need): boolean {
  if (vector) return false;
  const [first] = orders;
  if (!first) return true;
  return equalities.length === 0 && orders.length === 1 && first.fieldPath !== NAME_FIELD;
}

/** Whether declared indexes serve a need: each must end with the order, together they must begin with all equalities. */
export function isServed(need: Need, declared: readonly DeclaredIndex[]): boolean {
  const missing = new Set(need.equalities.map(fieldKey));
  let found = false;
  for (const index of declared) {
    if (index.collectionGroup !== need.collectionGroup || index.queryScope !== need.queryScope) continue;
    const fields = fieldsBesideVector(index.fields, need.vector);
    const prefix = fields && prefixBefore(fields, need.orders);
    if (!prefix?.every((field) => need.equalities.some((wanted) => fieldKey(wanted) === fieldKey(field))))
      continue;
    if (need.vector && prefix.length < need.equalities.length) continue;
    found = true;
    for (const field of prefix) missing.delete(fieldKey(field));
  }
  return found && missing.size === 0;
}

/** The fields that an index has beside the wanted vector; undefined if it has not that one, or one that is not wanted. */
function fieldsBesideVector(
  fields: readonly DeclaredField[],
  wanted: DeclaredField | undefined,
): readonly DeclaredField[] | undefined {
  const at = fields.findIndex(({ vectorConfig }) => vectorConfig !== undefined);
  if (!wanted || at === -1) return wanted || at !== -1 ? undefined : fields;
  const { fieldPath, vectorConfig } = fields[at]!;
  const isWanted =
    fieldPath === wanted.fieldPath && vectorConfig!.dimension === wanted.vectorConfig!.dimension;
  return isWanted ? fields.toSpliced(at, 1) : undefined;
}

/** The fields before the order, if the index ends with it: Google's service reads no index backwards. */
function prefixBefore(
  fields: readonly DeclaredField[],
  orders: readonly DeclaredField[],
): DeclaredField[] | undefined {
  const ends = fields.slice(fields.length - orders.length);
  const isSame = (field: DeclaredField, at: number) =>
    field.fieldPath === orders[at]!.fieldPath && field.order === orders[at]!.order;
  return ends.length === orders.length && ends.every(isSame)
    ? fields.slice(0, fields.length - orders.length)
    : undefined;
}

/** For equality the direction of a field does not matter. */
function fieldKey({ fieldPath, arrayConfig }: DeclaredField): string {
  return `${fieldPath} ${arrayConfig ?? ''}`;
}
