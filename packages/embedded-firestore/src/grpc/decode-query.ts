import { isName, NAME_FIELD, parseFieldPath } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { checkCollectionId, parseParentName } from '../document/resource-path.ts';
import { invalid, unimplemented } from '../errors.ts';
import type { Aggregation } from '../query/aggregate.ts';
import { checkNearest } from '../query/nearest.ts';
import type { Measure, Nearest } from '../query/nearest.ts';
import { normalizeQuery } from '../query/normalize.ts';
import type { Cursor, Filter, Operator, Order, Query, Source } from '../query/query.ts';
import { Vector } from '../value/types.ts';
import type { Value } from '../value/types.ts';
import { isSent } from './messages.ts';
import type {
  AggregationMessage,
  CursorMessage,
  FieldReferenceMessage,
  FilterMessage,
  FindNearestMessage,
  StructuredQueryMessage,
} from './messages.ts';

const FIELD_OPERATORS: readonly (Operator | undefined)[] = [
  undefined,
  '<',
  '<=',
  '>',
  '>=',
  '==',
  '!=',
  'array-contains',
  'in',
  'array-contains-any',
  'not-in',
];
const MEASURES: readonly (Measure | undefined)[] = [undefined, 'euclidean', 'cosine', 'dotProduct'];
const UNARY_OPERATORS: readonly (Operator | undefined)[] = [
  undefined,
  undefined,
  'is-nan',
  'is-null',
  'is-not-nan',
  'is-not-null',
];

/** @param aggregated The fields of which the query is to give sums and averages. */
export function decodeQuery(
  parent: string,
  message: StructuredQueryMessage | null | undefined,
  aggregated: FieldPath[] = [],
): Query {
  if (!message) throw invalid('The request has no structured_query.');
  const { database, path } = parseParentName(parent);
  const select = message.select?.fields.map(decodeField);
  return normalizeQuery({
    database,
    from: decodeSource(path, message.from),
    ...(message.where && { where: decodeFilter(message.where) }),
    orderBy: message.orderBy.map(decodeOrder),
    aggregated,
    ...(isBound(message.startAt) && { start: decodeCursor(message.startAt) }),
    ...(isBound(message.endAt) && { end: decodeCursor(message.endAt) }),
    ...(message.findNearest && { nearest: decodeNearest(message.findNearest) }),
    offset: message.offset,
    ...(message.limit && { limit: message.limit.value }),
    // A projection of nothing is Google's way to ask for names only.
    ...(select && { select: select.length === 0 ? [['__name__']] : select }),
  });
}

/** Without values it is before or after everything, and bounds nothing. */
function isBound(cursor: CursorMessage | null | undefined): cursor is CursorMessage {
  return cursor !== null && cursor !== undefined && cursor.values.length > 0;
}

function decodeCursor({ values, before }: CursorMessage): Cursor {
  return { values, before };
}

/** The query of an RPC for which the nearest neighbours make no sense. */
export function decodePlainQuery(...args: Parameters<typeof decodeQuery>): Query {
  const query = decodeQuery(...args);
  if (query.nearest) throw unimplemented('structured_query.find_nearest in this call');
  return query;
}

function decodeNearest(message: FindNearestMessage): Nearest {
  const measure = MEASURES[message.distanceMeasure];
  if (!measure) throw invalid('find_nearest.distance_measure must be EUCLIDEAN, COSINE or DOT_PRODUCT.');
  if (!(message.queryVector instanceof Vector)) throw invalid('find_nearest.query_vector must be a vector.');
  if (!message.limit) throw invalid('find_nearest.limit is missing.');
  const nearest: Nearest = {
    path: decodeField(message.vectorField),
    vector: message.queryVector,
    measure,
    limit: message.limit.value,
    ...(message.distanceThreshold && { threshold: message.distanceThreshold.value }),
    ...(message.distanceResultField !== '' && { resultField: parseFieldPath(message.distanceResultField) }),
  };
  checkNearest(nearest);
  return nearest;
}

function decodeSource(parent: string, from: StructuredQueryMessage['from']): Source {
  if (from.length > 1) throw invalid('structured_query.from must not have more than one entry.');
  const { collectionId, allDescendants } = from[0] ?? { collectionId: '', allDescendants: false };
  if (collectionId === '') return { parent, allDescendants };
  checkCollectionId(collectionId);
  return { parent, allDescendants, collectionId };
}

function decodeField(message: FieldReferenceMessage | null | undefined): FieldPath {
  if (!message) throw invalid('A field reference is missing.');
  return parseFieldPath(message.fieldPath);
}

function decodeNumberField(message: FieldReferenceMessage | null | undefined): FieldPath {
  const path = decodeField(message);
  if (isName(path)) throw invalid(`Aggregations of ${NAME_FIELD} are not supported: it is no number.`);
  return path;
}

function decodeOrder({ field, direction }: StructuredQueryMessage['orderBy'][number]): Order {
  if (direction < 0 || direction > 2) throw unimplemented(`The direction ${direction} in order_by`);
  return { path: decodeField(field), descending: direction === 2 };
}

function decodeFilter(message: FilterMessage): Filter {
  if (message.compositeFilter) {
    const { op, filters } = message.compositeFilter;
    if (op !== 1 && op !== 2) throw invalid('A composite filter must have the operator AND or OR.');
    // Nothing that must hold is no filter, of which Google's service takes care as well.
    if (filters.length === 0 && op === 2) throw invalid('An OR filter must have at least one filter.');
    const inner = filters.map(decodeFilter);
    return inner.length === 1 ? inner[0]! : { kind: op === 1 ? 'and' : 'or', filters: inner };
  }
  if (message.fieldFilter) {
    const { op, field } = message.fieldFilter;
    const operator = FIELD_OPERATORS[op];
    if (!operator) throw invalid(`Unknown operator ${op} of a field filter.`);
    if (!isSent(message.fieldFilter, 'value')) throw invalid(`The filter "${operator}" has no value.`);
    return fieldFilter(decodeField(field), operator, message.fieldFilter.value);
  }
  if (message.unaryFilter) {
    const operator = UNARY_OPERATORS[message.unaryFilter.op];
    if (!operator) throw invalid(`Unknown operator ${message.unaryFilter.op} of a unary filter.`);
    return { kind: 'field', path: decodeField(message.unaryFilter.field), op: operator, value: null };
  }
  throw invalid('A filter must be a composite, a field or a unary filter.');
}

/** Equality with null and NaN may come as a comparison or as an operator of its own. */
function fieldFilter(path: FieldPath, op: Operator, value: Value): Filter {
  const negated = op === '!=';
  if (op === '==' || negated) {
    if (value === null) return { kind: 'field', path, op: negated ? 'is-not-null' : 'is-null', value };
    if (Number.isNaN(value)) return { kind: 'field', path, op: negated ? 'is-not-nan' : 'is-nan', value };
  }
  return { kind: 'field', path, op, value };
}

export function decodeAggregations(messages: readonly AggregationMessage[]): Aggregation[] {
  if (messages.length === 0) throw invalid('Aggregations can not be empty: the query needs one at least.');
  if (messages.length > 5) throw invalid('The maximum number of aggregations in a query is 5.');
  const aliases = messages.map(({ alias }, at) => alias || `field_${at + 1}`);
  const twice = aliases.find((alias, at) => aliases.indexOf(alias) !== at);
  if (twice !== undefined) throw invalid(`Aggregation aliases contain duplicate alias: ${twice}`);
  return messages.map((message, at) => decodeAggregation(message, aliases[at]!));
}

function decodeAggregation(message: AggregationMessage, alias: string): Aggregation {
  if (message.count) {
    const upTo = message.count.upTo ? Number(message.count.upTo.value) : undefined;
    if (upTo !== undefined && upTo <= 0) throw invalid('count.up_to must be greater than zero.');
    return { kind: 'count', alias, ...(upTo !== undefined && { upTo }) };
  }
  if (message.sum) return { kind: 'sum', alias, path: decodeNumberField(message.sum.field) };
  if (message.avg) return { kind: 'avg', alias, path: decodeNumberField(message.avg.field) };
  throw invalid(`The aggregation "${alias}" has no kind set.`);
}
