import type { Reader } from 'protobufjs';
import { invalid, unimplemented } from '../errors.ts';
import { readerOf } from './byte-string.ts';
import type { ByteString } from './byte-string.ts';
import { ByteWriter } from './byte-writer.ts';
import { checkDepth, MAX_VECTOR_DIMENSIONS } from './limits.ts';
import { GeoPoint, Reference, Timestamp, Vector } from './types.ts';
import type { MapValue, Value } from './types.ts';
import { compareUtf8 } from './value-key.ts';

/*
 * google.firestore.v1.Value by hand: it is the hottest message, and the generic codec would build an object per value
 * that the engine would have to take apart again. The bytes of a document's fields are also what the store keeps.
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const VECTOR_TYPE = '__vector__';
const writer = new ByteWriter();

/** The fields of a document: a run of map entries under the given field number. */
export function encodeFields(fields: MapValue): ByteString {
  writeEntries(writer.reset(), fields, 2);
  return writer.finishString();
}

/** What is stored has been checked: it is read whatever its depth. */
const STORED = -Infinity;

export function decodeFields(data: ByteString): MapValue {
  const reader = readerOf(data);
  const fields: MapValue = new Map();
  while (reader.pos < reader.len) {
    reader.uint32();
    readEntry(reader, fields, STORED);
  }
  return fields;
}

/** Only the fields of these names, without a look at the values of the others. */
export function decodeSomeFields(data: ByteString, names: ReadonlySet<string>): MapValue {
  const reader = readerOf(data);
  const fields: MapValue = new Map();
  while (fields.size < names.size && reader.pos < reader.len) {
    reader.uint32();
    const end = reader.uint32() + reader.pos;
    reader.uint32();
    const name = reader.string();
    if (names.has(name)) {
      reader.uint32();
      fields.set(name, readValue(reader, reader.uint32(), STORED));
    }
    reader.pos = end;
  }
  return fields;
}

export function writeEntries(writer: ByteWriter, fields: MapValue, fieldNumber: number): void {
  const names = [...fields.keys()];
  if (!isSorted(names)) names.sort(compareUtf8);
  for (const name of names) {
    writer.uint32((fieldNumber << 3) | BYTES).fork();
    writer.uint32(10).string(name);
    writer.uint32(18).fork();
    writeValue(writer, fields.get(name)!);
    writer.ldelim().ldelim();
  }
}

/** As they are in what was stored once. */
function isSorted(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at++) if (compareUtf8(names[at - 1]!, names[at]!) > 0) return false;
  return true;
}

export function writeValue(writer: ByteWriter, value: Value): void {
  if (value === null) writer.uint32((11 << 3) | VARINT).uint32(0);
  else if (typeof value === 'string') writer.uint32((17 << 3) | BYTES).string(value);
  else if (typeof value === 'boolean') writer.uint32((1 << 3) | VARINT).bool(value);
  else if (typeof value === 'number') writer.uint32((3 << 3) | FIXED64).double(value);
  else if (typeof value === 'bigint') writeInteger(writer, value);
  else writeObject(writer, value);
}

function writeObject(
  writer: ByteWriter,
  value: Exclude<Value, null | string | boolean | number | bigint>,
): void {
  if (value instanceof Map) {
    writer.uint32((6 << 3) | BYTES).fork();
    writeEntries(writer, value, 1);
    writer.ldelim();
  } else if (Array.isArray(value)) {
    writer.uint32((9 << 3) | BYTES).fork();
    writeArray(writer, value);
    writer.ldelim();
  } else if (value instanceof Timestamp) {
    writer.uint32((10 << 3) | BYTES).fork();
    writeTimestamp(writer, value);
    writer.ldelim();
  } else if (value instanceof Uint8Array) {
    writer.uint32((18 << 3) | BYTES).bytes(value);
  } else if (value instanceof Reference) {
    writer.uint32((5 << 3) | BYTES).string(value.name);
  } else if (value instanceof GeoPoint) {
    writer.uint32((8 << 3) | BYTES).fork();
    writer.uint32((1 << 3) | FIXED64).double(value.latitude);
    writer
      .uint32((2 << 3) | FIXED64)
      .double(value.longitude)
      .ldelim();
  } else {
    writeObject(
      writer,
      new Map<string, Value>([
        ['__type__', VECTOR_TYPE],
        ['value', [...value.values]],
      ]),
    );
  }
}

export function writeArray(writer: ByteWriter, values: readonly Value[]): void {
  for (const value of values) {
    writer.uint32((1 << 3) | BYTES).fork();
    writeValue(writer, value);
    writer.ldelim();
  }
}

export function writeTimestamp(writer: ByteWriter, value: Timestamp): void {
  if (value.seconds !== 0) writer.uint32((1 << 3) | VARINT).int64(value.seconds);
  if (value.nanos !== 0) writer.uint32((2 << 3) | VARINT).int32(value.nanos);
}

function writeInteger(writer: ByteWriter, value: bigint): void {
  writer.uint32((2 << 3) | VARINT);
  const small = Number(value);
  writer.int64(Number.isSafeInteger(small) ? small : value);
}

/** Reads one Value message of `length` bytes. `depth` counts the maps and arrays around it. */
export function readValue(reader: Reader, length: number, depth = 0): Value {
  const end = endOf(reader, length);
  let value: Value | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    value = readVariant(reader, tag, depth);
  }
  checkEnd(reader, end);
  if (value === undefined) throw invalid('A Value was sent without any of its types set.');
  return value;
}

function readVariant(reader: Reader, tag: number, depth: number): Value {
  switch (tag) {
    case (1 << 3) | VARINT:
      return reader.bool();
    case (2 << 3) | VARINT:
      return readInteger(reader);
    case (3 << 3) | FIXED64:
      return reader.double();
    case (5 << 3) | BYTES:
      return readReference(reader);
    case (6 << 3) | BYTES:
      return readMap(reader, reader.uint32(), depth + 1);
    case (8 << 3) | BYTES:
      return readGeoPoint(reader, reader.uint32());
    case (9 << 3) | BYTES:
      return readArray(reader, reader.uint32(), depth + 1);
    case (10 << 3) | BYTES:
      return readTimestamp(reader, reader.uint32());
    case (11 << 3) | VARINT:
      reader.uint32();
      return null;
    case (17 << 3) | BYTES:
      return reader.string();
    case (18 << 3) | BYTES:
      return Uint8Array.from(reader.bytes());
    default:
      throw unimplemented(`Field ${tag >>> 3} of google.firestore.v1.Value`);
  }
}

function readInteger(reader: Reader): bigint {
  const value = reader.int64();
  if (typeof value === 'number') return BigInt(value);
  return BigInt.asIntN(64, (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0));
}

function readReference(reader: Reader): Reference {
  const name = reader.string();
  const parts = name.split('/');
  const valid =
    parts.length >= 7 &&
    parts.length % 2 === 1 &&
    parts[0] === 'projects' &&
    parts[2] === 'databases' &&
    parts[4] === 'documents' &&
    !parts.includes('');
  if (!valid) throw invalid(`Document reference "${name}" is not a full document name.`);
  return new Reference(name);
}

export function readTimestamp(reader: Reader, length: number): Timestamp {
  const end = endOf(reader, length);
  let seconds = 0;
  let nanos = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 8) seconds = Number(readInteger(reader));
    else if (tag === 16) nanos = reader.int32();
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  if (seconds < -62_135_596_800 || seconds > 253_402_300_799 || nanos < 0 || nanos > 999_999_999) {
    throw invalid('A timestamp must lie between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z.');
  }
  return new Timestamp(seconds, nanos - (nanos % 1000));
}

function readGeoPoint(reader: Reader, length: number): GeoPoint {
  const end = endOf(reader, length);
  let latitude = 0;
  let longitude = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 9) latitude = reader.double();
    else if (tag === 17) longitude = reader.double();
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  if (!(Math.abs(latitude) <= 90)) throw invalid('Latitude must be in the range [-90, 90].');
  if (!(Math.abs(longitude) <= 180)) throw invalid('Longitude must be in the range [-180, 180].');
  return new GeoPoint(latitude, longitude);
}

function readArray(reader: Reader, length: number, depth: number): Value[] {
  checkDepth(depth);
  const end = endOf(reader, length);
  const values: Value[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag !== 10) {
      reader.skipType(tag & 7);
      continue;
    }
    values.push(readValue(reader, reader.uint32(), depth));
  }
  checkEnd(reader, end);
  return values;
}

/** The values of an ArrayValue message that stands on its own, as in array transforms. */
export function readArrayMessage(reader: Reader, length: number): Value[] {
  return readArray(reader, length, 1);
}

function readMap(reader: Reader, length: number, depth: number): Value {
  checkDepth(depth);
  const end = endOf(reader, length);
  const map: MapValue = new Map();
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) readEntry(reader, map, depth);
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  return map.has('__type__') ? vectorFrom(map) : map;
}

export function readEntry(reader: Reader, into: MapValue, depth: number): void {
  const end = endOf(reader, reader.uint32());
  let name = '';
  let value: Value | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) name = reader.string();
    else if (tag === 18) value = readValue(reader, reader.uint32(), depth);
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  if (value === undefined) throw invalid(`Field "${name}" was sent without a value.`);
  into.set(name, value);
}

function vectorFrom(map: MapValue): Vector {
  const values = map.get('value');
  if (map.get('__type__') !== VECTOR_TYPE || map.size !== 2 || !Array.isArray(values)) {
    throw invalid(
      'A map with the reserved key "__type__" must be a vector: { __type__: "__vector__", value: [...] }.',
    );
  }
  if (values.length === 0 || values.length > MAX_VECTOR_DIMENSIONS) {
    throw invalid(
      `A vector must have between 1 and ${MAX_VECTOR_DIMENSIONS} dimensions, this one has ${values.length}.`,
    );
  }
  return new Vector(
    values.map((value) => {
      if (typeof value !== 'number') throw invalid('A vector may hold doubles only.');
      return value;
    }),
  );
}

function endOf(reader: Reader, length: number): number {
  const end = reader.pos + length;
  if (end > reader.len) throw invalid('The request is malformed: a field is longer than its message.');
  return end;
}

function checkEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw invalid('The request is malformed: a field ends outside of its message.');
}
