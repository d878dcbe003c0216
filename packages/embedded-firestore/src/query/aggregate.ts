import { fieldAt } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { isNumber } from '../document/transform.ts';
import type { Work } from '../slices.ts';
import type { MapValue, Micros, Value } from '../value/types.ts';
import type { Database } from '../storage/database.ts';
import { countQuery, executeQuery } from './execute.ts';
import type { Cost } from './execute.ts';
import type { Query } from './query.ts';

export type Aggregation =
  { kind: 'count'; alias: string; upTo?: number } | { kind: 'sum' | 'avg'; alias: string; path: FieldPath };

const PAUSE_AFTER = 256;
const MAX_INTEGER = (1n << 63n) - 1n;

export interface Aggregated {
  values: Map<string, Value>;
  cost: Cost;
}

/**
 * Aggregates the results of a query. Sums and averages are answered from an index over their fields, so a document that
 * lacks one of them counts for none of the aggregations of the request.
 */
export function* aggregate(
  database: Database,
  query: Query,
  aggregations: readonly Aggregation[],
  time?: Micros,
): Work<Aggregated> {
  const paths = aggregatedPaths(aggregations);
  const collect = (value: (aggregation: Aggregation) => Value) =>
    new Map(aggregations.map((each) => [each.alias, value(each)]));
  if (paths.length === 0) {
    const { count, cost } = yield* countQuery(database, query, time);
    return { values: collect((each) => counted(count, each)), cost };
  }
  const { documents, cost } = yield* executeQuery(database, query, time);
  const names = new Set(paths.map((path) => path[0]!));
  const complete: MapValue[] = [];
  for (const [at, document] of documents.entries()) {
    const fields = document.someFields(names);
    if (paths.every((path) => fieldAt(fields, path) !== undefined)) complete.push(fields);
    if (at % PAUSE_AFTER === PAUSE_AFTER - 1) yield;
  }
  return { values: collect((each) => one(complete, each)), cost };
}

export function aggregatedPaths(aggregations: readonly Aggregation[]): FieldPath[] {
  return aggregations.flatMap((aggregation) => (aggregation.kind === 'count' ? [] : [aggregation.path]));
}

function counted(count: number, aggregation: Aggregation): Value {
  const upTo = aggregation.kind === 'count' ? aggregation.upTo : undefined;
  return BigInt(upTo === undefined ? count : Math.min(count, upTo));
}

function one(documents: readonly MapValue[], aggregation: Aggregation): Value {
  if (aggregation.kind === 'count') return counted(documents.length, aggregation);
  const numbers = documents.map((fields) => fieldAt(fields, aggregation.path)).filter(isNumber);
  if (aggregation.kind === 'sum') return sum(numbers);
  return numbers.length === 0 ? null : Number(sum(numbers)) / numbers.length;
}

/** Exact while all are integers and the sum is one; a double as soon as it must be. */
function sum(numbers: readonly (bigint | number)[]): bigint | number {
  let integers = 0n;
  let doubles = 0;
  let onlyIntegers = true;
  for (const value of numbers) {
    if (typeof value === 'bigint') {
      integers += value;
    } else {
      doubles += value;
      onlyIntegers = false;
    }
  }
  const fits = integers <= MAX_INTEGER && integers >= -MAX_INTEGER - 1n;
  return onlyIntegers && fits ? integers : Number(integers) + doubles;
}
