import { KeyWriter } from './key-writer.ts';
import { MAX_INDEXED_BYTES } from './limits.ts';
import { GeoPoint, Reference, Timestamp, Vector } from './types.ts';
import type { MapValue, Value } from './types.ts';

/** Firestore's order across types. Array elements and map entries end with 0x00, below every tag. */
export const TypeTag = {
  null: 0x05,
  false: 0x08,
  true: 0x09,
  nan: 0x0b,
  number: 0x0c,
  timestamp: 0x10,
  string: 0x14,
  bytes: 0x18,
  reference: 0x1c,
  geoPoint: 0x20,
  array: 0x24,
  vector: 0x28,
  map: 0x2c,
} as const;

const END = 0x00;
const ENTRY = 0x01;
const shared = new KeyWriter();

/** The key of one value: two values are equal for queries exactly when their keys are. */
export function valueKey(value: Value): string {
  shared.truncate(0);
  writeValue(shared, value);
  return shared.toString();
}

/** As `valueKey`, for what is not a query and therefore looks at the whole of strings and bytes. */
export function wholeKey(value: Value): string {
  shared.truncate(0);
  writeValue(shared, value, Infinity);
  return shared.toString();
}

/** The tag that bounds the values an inequality with this value can match. */
export function typeTag(value: Value): number {
  switch (typeof value) {
    case 'boolean':
      return value ? TypeTag.true : TypeTag.false;
    case 'bigint':
      return TypeTag.number;
    case 'number':
      return Number.isNaN(value) ? TypeTag.nan : TypeTag.number;
    case 'string':
      return TypeTag.string;
    default:
      return objectTag(value);
  }
}

function objectTag(value: Exclude<Value, boolean | bigint | number | string>): number {
  if (value === null) return TypeTag.null;
  if (value instanceof Map) return TypeTag.map;
  if (Array.isArray(value)) return TypeTag.array;
  if (value instanceof Timestamp) return TypeTag.timestamp;
  if (value instanceof Uint8Array) return TypeTag.bytes;
  if (value instanceof Reference) return TypeTag.reference;
  if (value instanceof GeoPoint) return TypeTag.geoPoint;
  return TypeTag.vector;
}

/** Of strings and bytes, wherever they are, `maxBytes` are written: queries consider no more of them. */
export function writeValue(key: KeyWriter, value: Value, maxBytes: number = MAX_INDEXED_BYTES): void {
  key.byte(typeTag(value));
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') writeString(key, value, maxBytes);
  else if (typeof value === 'number') writeDouble(key, value);
  else if (typeof value === 'bigint') writeInteger(key, value);
  else if (value instanceof Map) writeMap(key, value, maxBytes);
  else if (Array.isArray(value)) writeArray(key, value, maxBytes);
  else if (value instanceof Timestamp) writeTimestamp(key, value);
  else if (value instanceof Uint8Array) key.bytes(value.subarray(0, maxBytes));
  else if (value instanceof Reference) writeReference(key, value);
  else if (value instanceof GeoPoint) writeGeoPoint(key, value);
  else writeVector(key, value);
}

function writeString(key: KeyWriter, value: string, maxBytes: number): void {
  const isShort = value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes;
  if (isShort) return key.string(value);
  // The beginning that is written has a unit to spare: half of a pair has other bytes than the pair.
  key.bytes(Buffer.from(value.slice(0, maxBytes + 1)).subarray(0, maxBytes));
}

function writeDouble(key: KeyWriter, value: number): void {
  if (Number.isNaN(value)) return;
  key.double(value);
  key.byte(0x80);
}

/** The nearest double, then how far the integer is from it: exact order between all integers and doubles. */
function writeInteger(key: KeyWriter, value: bigint): void {
  const nearest = Number(value);
  key.double(nearest);
  const rest = Number.isSafeInteger(nearest) ? 0 : Number(value - BigInt(nearest));
  key.byte(rest === 0 ? 0x80 : rest < 0 ? 0x7f : 0x81);
  if (rest !== 0) key.uint16(rest + 0x8000);
}

function writeTimestamp(key: KeyWriter, value: Timestamp): void {
  key.double(value.seconds);
  key.double(value.nanos);
}

function writeGeoPoint(key: KeyWriter, value: GeoPoint): void {
  key.double(value.latitude);
  key.double(value.longitude);
}

export function writeReference(key: KeyWriter, value: Reference): void {
  const [, project = '', , database = '', , ...path] = value.name.split('/');
  key.string(project);
  key.string(database);
  for (const id of path) key.segment(id);
  key.byte(END);
}

function writeArray(key: KeyWriter, values: Value[], maxBytes: number): void {
  for (const value of values) writeValue(key, value, maxBytes);
  key.byte(END);
}

/** Vectors sort by dimension first. */
function writeVector(key: KeyWriter, vector: Vector): void {
  key.double(vector.values.length);
  for (const value of vector.values) {
    key.byte(Number.isNaN(value) ? TypeTag.nan : TypeTag.number);
    writeDouble(key, value);
  }
}

function writeMap(key: KeyWriter, map: MapValue, maxBytes: number): void {
  for (const name of [...map.keys()].sort(compareUtf8)) {
    key.byte(ENTRY);
    key.string(name);
    writeValue(key, map.get(name)!, maxBytes);
  }
  key.byte(END);
}

/** UTF-16 order differs from UTF-8 order only where surrogates meet characters above them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    const xSurrogate = (x & 0xf800) === 0xd800;
    const ySurrogate = (y & 0xf800) === 0xd800;
    return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}
