import { documentName } from '../document/resource-path.ts';
import { fieldAt, isName } from '../document/field-path.ts';
import { typeTag, valueKey } from '../value/value-key.ts';
import { Reference } from '../value/types.ts';
import type { MapValue, Value } from '../value/types.ts';
import type { FieldFilter, Filter } from './query.ts';

/** A document taken apart for a query: its path and decoded fields. */
export interface Candidate {
  path: string;
  fields: MapValue;
}

export type Predicate = (candidate: Candidate) => boolean;
type Test = (value: Value) => boolean;

/** Turns a filter into a function once, so that each document costs comparisons only. */
export function compileFilter(filter: Filter | undefined, database: string): Predicate {
  if (!filter) return () => true;
  if (filter.kind === 'field') return compileField(filter, database);
  const inner = filter.filters.map((part) => compileFilter(part, database));
  if (filter.kind === 'and') return (candidate) => inner.every((matches) => matches(candidate));
  return (candidate) => inner.some((matches) => matches(candidate));
}

function compileField(filter: FieldFilter, database: string): Predicate {
  const test = compileTest(filter);
  if (isName(filter.path)) return ({ path }) => test(new Reference(documentName(database, path)));
  return ({ fields }) => {
    const value = fieldAt(fields, filter.path);
    return value !== undefined && test(value);
  };
}

/** null and NaN are equal to nothing here; there are operators of their own for them. */
function isComparable(value: Value): boolean {
  return value !== null && !Number.isNaN(value);
}

function compileTest({ op, value: operand }: FieldFilter): Test {
  switch (op) {
    case 'is-null':
      return (value) => value === null;
    case 'is-not-null':
      return (value) => value !== null;
    case 'is-nan':
      return (value) => Number.isNaN(value);
    case 'is-not-nan':
      return (value) => value !== null && !Number.isNaN(value);
    case '==':
      return equalTo(operand);
    case '!=':
      return notIn([operand]);
    case 'in':
      return anyOf(operand as Value[]);
    case 'not-in':
      return notIn(operand as Value[]);
    case 'array-contains':
      return containsAny([operand]);
    case 'array-contains-any':
      return containsAny(operand as Value[]);
    default:
      return inequality(op, operand);
  }
}

function equalTo(operand: Value): Test {
  const key = valueKey(operand);
  return (value) => valueKey(value) === key;
}

function anyOf(operands: Value[]): Test {
  const keys = new Set(operands.filter(isComparable).map(valueKey));
  return (value) => keys.has(valueKey(value));
}

function notIn(operands: Value[]): Test {
  if (operands.includes(null)) return () => false;
  const keys = new Set(operands.map(valueKey));
  return (value) => value !== null && !keys.has(valueKey(value));
}

function containsAny(operands: Value[]): Test {
  const keys = new Set(operands.filter(isComparable).map(valueKey));
  return (value) => Array.isArray(value) && value.some((element) => keys.has(valueKey(element)));
}

/** Only values of the operand's own type are in the range of an inequality. */
function inequality(op: '<' | '<=' | '>' | '>=', operand: Value): Test {
  const key = valueKey(operand);
  const tag = rangeTag(operand);
  const within: Record<typeof op, (other: string) => boolean> = {
    '<': (other) => other < key,
    '<=': (other) => other <= key,
    '>': (other) => other > key,
    '>=': (other) => other >= key,
  };
  const test = within[op];
  return (value) => rangeTag(value) === tag && test(valueKey(value));
}

/** false and true are one type for ranges. */
export function rangeTag(value: Value): number {
  return typeof value === 'boolean' ? typeTag(false) : typeTag(value);
}
