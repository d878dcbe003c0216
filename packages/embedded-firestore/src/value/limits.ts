import { invalid } from '../errors.ts';
import { GeoPoint, Reference, Timestamp, Vector } from './types.ts';
import type { MapValue, Value } from './types.ts';

export const MAX_DOCUMENT_BYTES = 1_048_576;
export const MAX_FIELD_VALUE_BYTES = 1_048_487;
/** On the wire any value takes a quarter of its size or more: fields of so few bytes are within both limits, with any name. */
export const BYTES_WORTH_MEASURING = 256_000;
export const MAX_NAME_BYTES = 1_500;
export const MAX_FIELD_PATH_BYTES = 1_500;
/** Queries look at no more of a string or bytes. */
export const MAX_INDEXED_BYTES = 1_500;
export const MAX_RESOURCE_NAME_BYTES = 6_144;
export const MAX_DEPTH = 20;
export const MAX_TRANSFORMS_PER_DOCUMENT = 500;
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
export const MAX_DISJUNCTIONS = 30;
export const MAX_VECTOR_DIMENSIONS = 2_048;

/** The size of a document name as Google counts it: each id and one byte, and 16 for the whole. */
export function nameSize(path: string): number {
  return Buffer.byteLength(path) + 1 + 16;
}

/** Google's storage size of a value. */
export function valueSize(value: Value): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'number' || typeof value === 'bigint') return 8;
  if (typeof value === 'string') return Buffer.byteLength(value) + 1;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Timestamp) return 8;
  if (value instanceof GeoPoint) return 16;
  if (value instanceof Reference) return nameSize(value.name.split('/').slice(5).join('/'));
  if (value instanceof Vector) return value.values.length * 8;
  if (value instanceof Map) return fieldsSize(value);
  return value.reduce<number>((sum, element) => sum + valueSize(element), 0);
}

export function fieldsSize(fields: MapValue): number {
  let size = 0;
  for (const [name, value] of fields) size += Buffer.byteLength(name) + 1 + valueSize(value);
  return size;
}

/** How many maps and arrays are one in the other, the value itself included. */
export function depthOf(value: Value): number {
  if (!(value instanceof Map) && !Array.isArray(value)) return 0;
  return 1 + [...value.values()].reduce<number>((most, inner) => Math.max(most, depthOf(inner)), 0);
}

export function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`Maps and arrays may be nested ${MAX_DEPTH} levels deep at most.`);
}

/** Refuses what Firestore would refuse to store under this name. */
export function checkDocumentSize(name: string, path: string, fields: MapValue): void {
  let size = nameSize(path) + 32;
  for (const [field, value] of fields) {
    const bytes = valueSize(value);
    if (bytes > MAX_FIELD_VALUE_BYTES) {
      throw invalid(`The value of property "${field}" is longer than ${MAX_FIELD_VALUE_BYTES} bytes.`);
    }
    size += Buffer.byteLength(field) + 1 + bytes;
  }
  if (size > MAX_DOCUMENT_BYTES) {
    throw invalid(
      `Document '${name}' cannot be written because its size (${size.toLocaleString('en-US')} bytes) ` +
        `exceeds the maximum allowed size of ${MAX_DOCUMENT_BYTES.toLocaleString('en-US')} bytes.`,
    );
  }
}
