import type { Range } from '../storage/entries.ts';
import { afterPrefix } from '../value/key-writer.ts';
import type { Value } from '../value/types.ts';
import { TypeTag } from '../value/value-key.ts';
import { rangeTag } from './filter.ts';
import type { FieldFilter } from './query.ts';

/** How the values of a field become keys. */
export interface KeySpace {
  keyOf: (value: Value) => string;
  /** The keys of all values that an inequality with this one compares. */
  typeRange: (value: Value) => Range;
  /** Where the keys of values other than null begin. */
  firstNotNull: string;
}

export const AFTER_NULL = String.fromCharCode(TypeTag.null + 1);

/** Narrows ranges of an ascending field to what an inequality can match; undefined if it is none. */
export function narrow(ranges: readonly Range[], filter: FieldFilter, keys: KeySpace): Range[] | undefined {
  const { keyOf } = keys;
  const { from, to } = keys.typeRange(filter.value);
  switch (filter.op) {
    case '==':
    case 'is-null':
    case 'is-nan': {
      const key = keyOf(filter.op === 'is-nan' ? NaN : filter.value);
      return intersect(ranges, { from: key, to: afterPrefix(key) });
    }
    case '<':
      return intersect(ranges, { from, to: keyOf(filter.value) });
    case '<=':
      return intersect(ranges, { from, to: afterPrefix(keyOf(filter.value)) });
    case '>':
      return intersect(ranges, { from: afterPrefix(keyOf(filter.value)), to });
    case '>=':
      return intersect(ranges, { from: keyOf(filter.value), to });
    case 'is-not-null':
      return intersect(ranges, { from: keys.firstNotNull, to: undefined });
    case 'is-not-nan':
      return without(ranges, [NaN], keys);
    case '!=':
      return without(ranges, [filter.value], keys);
    case 'not-in':
      return (filter.value as Value[]).includes(null) ? [] : without(ranges, filter.value as Value[], keys);
    default:
      return undefined;
  }
}

function without(
  ranges: readonly Range[],
  values: readonly Value[],
  { keyOf, firstNotNull }: KeySpace,
): Range[] {
  let left = intersect(ranges, { from: firstNotNull, to: undefined });
  for (const value of values) {
    const key = keyOf(value);
    left = [
      ...intersect(left, { from: '', to: key }),
      ...intersect(left, { from: afterPrefix(key), to: undefined }),
    ];
  }
  return left.sort((a, b) => (a.from < b.from ? -1 : 1));
}

export function intersect(ranges: readonly Range[], other: Range): Range[] {
  return ranges
    .map(({ from, to }) => ({ from: from > other.from ? from : other.from, to: earlier(to, other.to) }))
    .filter(({ from, to }) => to === undefined || from < to);
}

function earlier(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined) return b;
  return b === undefined || a < b ? a : b;
}

export function typeRange(value: Value): Range {
  const last = typeof value === 'boolean' ? TypeTag.true : rangeTag(value);
  return { from: String.fromCharCode(rangeTag(value)), to: String.fromCharCode(last + 1) };
}
