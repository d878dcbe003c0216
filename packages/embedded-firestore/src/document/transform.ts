import { invalid } from '../errors.ts';
import { timestampFromMicros } from '../value/types.ts';
import type { MapValue, Micros, Value } from '../value/types.ts';
import { wholeKey } from '../value/value-key.ts';
import { fieldAt, setField } from './field-path.ts';
import type { FieldPath } from './field-path.ts';

export type Transform =
  | { kind: 'requestTime'; path: FieldPath }
  | { kind: 'increment' | 'maximum' | 'minimum'; path: FieldPath; operand: bigint | number }
  | { kind: 'arrayUnion' | 'arrayRemove'; path: FieldPath; values: Value[] };

const MAX_INTEGER = (1n << 63n) - 1n;
const MIN_INTEGER = -(1n << 63n);

/** Applies one transform to the fields and returns the value the client is told. */
export function applyTransform(fields: MapValue, transform: Transform, now: Micros): Value {
  const current = fieldAt(fields, transform.path);
  const [value, result] = transformed(current, transform, now);
  setField(fields, transform.path, value);
  return result;
}

function transformed(current: Value | undefined, transform: Transform, now: Micros): [Value, Value] {
  switch (transform.kind) {
    case 'requestTime': {
      const time = timestampFromMicros(now);
      return [time, time];
    }
    case 'increment':
    case 'maximum':
    case 'minimum': {
      const value = isNumber(current)
        ? numeric(transform.kind, current, transform.operand)
        : transform.operand;
      return [value, value];
    }
    case 'arrayUnion':
      return [union(Array.isArray(current) ? current : [], transform.values), null];
    case 'arrayRemove':
      return [remove(Array.isArray(current) ? current : [], transform.values), null];
  }
}

export function isNumber(value: Value | undefined): value is bigint | number {
  return typeof value === 'number' || typeof value === 'bigint';
}

function numeric(
  kind: 'increment' | 'maximum' | 'minimum',
  current: bigint | number,
  operand: bigint | number,
) {
  if (kind === 'increment') return add(current, operand);
  if (Number.isNaN(current) || Number.isNaN(operand)) return NaN;
  // Equal values of different kinds (3 and 3.0, 0 and -0) leave what is stored.
  if (kind === 'maximum') return operand > current ? operand : current;
  return operand < current ? operand : current;
}

/** Integers stop at the ends of their range, as Firestore's do. */
function add(current: bigint | number, operand: bigint | number): bigint | number {
  if (typeof current !== 'bigint' || typeof operand !== 'bigint') return Number(current) + Number(operand);
  const sum = current + operand;
  return sum > MAX_INTEGER ? MAX_INTEGER : sum < MIN_INTEGER ? MIN_INTEGER : sum;
}

function union(current: Value[], values: Value[]): Value[] {
  const seen = new Set(current.map(wholeKey));
  const result = [...current];
  for (const value of values) {
    const key = wholeKey(value);
    if (seen.has(key)) continue;
    seen.add(key);
    result.push(value);
  }
  return result;
}

function remove(current: Value[], values: Value[]): Value[] {
  const removed = new Set(values.map(wholeKey));
  return current.filter((value) => !removed.has(wholeKey(value)));
}

export function requireNumber(value: Value, what: string): bigint | number {
  if (!isNumber(value)) throw invalid(`${what} must be given an integer or a double.`);
  return value;
}
