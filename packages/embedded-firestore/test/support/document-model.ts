import { DocumentReference, FieldValue, GeoPoint, Timestamp, VectorValue } from '@google-cloud/firestore';

/*
 * What Firestore does with documents, as plainly as can be, in the client's own terms: plain objects in an array.
 */

export type Data = Record<string, unknown>;

export function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function rank(value: unknown): number {
  if (value === null) return 0;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'number') return Number.isNaN(value) ? 2 : 3;
  if (value instanceof Timestamp) return 4;
  if (typeof value === 'string') return 5;
  if (value instanceof Uint8Array) return 6;
  if (value instanceof DocumentReference) return 7;
  if (value instanceof GeoPoint) return 8;
  if (Array.isArray(value)) return 9;
  if (value instanceof VectorValue) return 10;
  return 11;
}

/** Firestore's order of values. */
export function compare(a: unknown, b: unknown): number {
  const kind = rank(a);
  if (kind !== rank(b)) return Math.sign(kind - rank(b));
  switch (kind) {
    case 1:
    case 3:
      return Math.sign(Number(a) - Number(b)) || 0;
    case 4:
      return Math.sign(micros(a as Timestamp) - micros(b as Timestamp));
    case 5:
      return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
    case 6:
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 7:
      return comparePaths((a as DocumentReference).path, (b as DocumentReference).path);
    case 8:
      return compareLists(coordinates(a as GeoPoint), coordinates(b as GeoPoint));
    case 9:
      return compareLists(a as unknown[], b as unknown[]);
    case 10: {
      const [x, y] = [(a as VectorValue).toArray(), (b as VectorValue).toArray()];
      return Math.sign(x.length - y.length) || compareLists(x, y);
    }
    case 11:
      return compareLists(entries(a as Data), entries(b as Data));
    default:
      return 0;
  }
}

export function comparePaths(a: string, b: string): number {
  return compareLists(a.split('/'), b.split('/'));
}

export function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compare(a[at], b[at]);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

const entries = (map: Data) =>
  Object.entries(map)
    .sort(([a], [b]) => compare(a, b))
    .flat();
const coordinates = (point: GeoPoint) => [point.latitude, point.longitude];
const micros = (time: Timestamp) => time.seconds * 1e6 + Math.floor(time.nanoseconds / 1000);

/** Where the time of the commit is to stand. */
export const NOW = Symbol('now');

export interface Transform {
  kind: 'increment' | 'union' | 'remove' | 'now';
  operand: unknown;
}

/** The client's way to say it. */
export function fieldValue({ kind, operand }: Transform): FieldValue {
  switch (kind) {
    case 'increment':
      return FieldValue.increment(operand as number);
    case 'union':
      return FieldValue.arrayUnion(...(operand as unknown[]));
    case 'remove':
      return FieldValue.arrayRemove(...(operand as unknown[]));
    case 'now':
      return FieldValue.serverTimestamp();
  }
}

export function transformed(current: unknown, { kind, operand }: Transform): unknown {
  const list = Array.isArray(current) ? [...(current as unknown[])] : [];
  const values = operand as unknown[];
  switch (kind) {
    case 'increment':
      return typeof current === 'number' ? current + (operand as number) : operand;
    case 'union':
      for (const value of values)
        if (!list.some((element) => compare(element, value) === 0)) list.push(value);
      return list;
    case 'remove':
      return list.filter((element) => !values.some((value) => compare(element, value) === 0));
    case 'now':
      return NOW;
  }
}

export function fieldAt(data: Data, path: string): unknown {
  let value: unknown = data;
  for (const name of path.split('.')) value = isMap(value) ? value[name] : undefined;
  return value;
}

/** The data with one field set, or removed when the value is undefined. */
export function withField(data: Data, path: string, value: unknown): Data {
  const [name, ...rest] = path.split('.') as [string, ...string[]];
  const inner = data[name];
  const { [name]: _, ...others } = data;
  if (rest.length === 0) return value === undefined ? others : { ...others, [name]: value };
  if (value === undefined && !isMap(inner)) return data;
  return { ...others, [name]: withField(isMap(inner) ? inner : {}, rest.join('.'), value) };
}

/** A text that is the same for the same data, integers and doubles apart where the client keeps them apart. */
export function show(value: unknown): string {
  if (value === NOW) return 'now';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Timestamp) return `time ${micros(value)}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof DocumentReference) return `ref ${value.path}`;
  if (value instanceof GeoPoint) return `geo ${coordinates(value).map(show).join(' ')}`;
  if (value instanceof VectorValue) return `vector ${value.toArray().map(show).join(' ')}`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (!isMap(value)) return String(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${name}: ${show(value[name])}`).join(', ')}}`;
}
