import { fieldAt } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { isNumber } from '../document/transform.ts';
import type { Value } from '../value/types.ts';
import type { Result } from './execute.ts';

export type Aggregation =
  | { kind: 'count'; alias: string; upTo?: number }
  | { kind: 'sum' | 'avg'; alias: string; path: FieldPath };

const MAX_INTEGER = (1n << 63n) - 1n;

/**
 * Aggregates the results of a query. Sums and averages are answered from an index over their fields, so a document that
 * lacks one of them counts for none of the aggregations of the request.
 */
export function aggregate(results: readonly Result[], aggregations: readonly Aggregation[]): Map<string, Value> {
  const paths = aggregations.flatMap((aggregation) => (aggregation.kind === 'count' ? [] : [aggregation.path]));
  const counted = results.filter(({ fields }) => paths.every((path) => fieldAt(fields, path) !== undefined));
  return new Map(aggregations.map((aggregation) => [aggregation.alias, one(counted, aggregation)]));
}

function one(results: readonly Result[], aggregation: Aggregation): Value {
  if (aggregation.kind === 'count') {
    return BigInt(aggregation.upTo === undefined ? results.length : Math.min(results.length, aggregation.upTo));
  }
  const numbers = results.map(({ fields }) => fieldAt(fields, aggregation.path)).filter(isNumber);
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
