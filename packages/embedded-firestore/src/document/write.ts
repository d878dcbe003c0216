import { FirestoreError, invalid } from '../errors.ts';
import {
  BYTES_WORTH_MEASURING,
  checkDepth,
  checkDocumentSize,
  depthOf,
  MAX_FIELD_PATH_BYTES,
  MAX_TRANSFORMS_PER_DOCUMENT,
} from '../value/limits.ts';
import type { MapValue, Micros, Value } from '../value/types.ts';
import { Document } from './document.ts';
import { checkPathBytes, checkWritableName, deleteField, fieldAt, setField } from './field-path.ts';
import type { FieldPath } from './field-path.ts';
import { documentName } from './resource-path.ts';
import { applyTransform } from './transform.ts';
import type { Transform } from './transform.ts';

export interface Precondition {
  exists?: boolean;
  updateTime?: Micros;
}

/** One write of a commit, checked in itself; whether it may happen is decided against the document. */
export interface Write {
  path: string;
  kind: 'update' | 'delete' | 'verify';
  fields: MapValue;
  /** Absent: the whole document is replaced. */
  mask?: FieldPath[] | undefined;
  transforms: Transform[];
  precondition: Precondition;
}

/** What a write leaves: `undefined` is "no document". */
export interface WriteOutcome {
  after: Document | undefined;
  transformResults: Value[];
}

/** Checks everything about a write that does not depend on what is stored. */
export function checkWrite(write: Write): void {
  for (const [name, value] of write.fields) checkValue(name, value);
  for (const path of write.mask ?? []) path.forEach(checkWritableName);
  for (const transform of write.transforms) {
    transform.path.forEach(checkWritableName);
    const values = 'values' in transform ? transform.values : undefined;
    values?.forEach(checkElement);
    checkDepth(transform.path.length - 1 + (values ? depthOf(values) : 0));
  }
  if (write.transforms.length > MAX_TRANSFORMS_PER_DOCUMENT) {
    throw invalid(`A document may have ${MAX_TRANSFORMS_PER_DOCUMENT} field transforms per write at most.`);
  }
}

/** `above`: the bytes of the path that leads to the field. */
function checkValue(name: string, value: Value, above = 0): void {
  checkWritableName(name);
  if (above + name.length * 3 > MAX_FIELD_PATH_BYTES) checkPathBytes(above + Buffer.byteLength(name), name);
  if (Array.isArray(value)) value.forEach(checkElement);
  if (!(value instanceof Map)) return;
  const within = above + Buffer.byteLength(name) + 1;
  for (const [key, inner] of value) checkValue(key, inner, within);
}

/** Arrays in arrays can only be compared with. */
function checkElement(value: Value): void {
  if (Array.isArray(value)) throw invalid('Cannot convert an array value in an array value.');
  if (value instanceof Map) for (const [key, inner] of value) checkValue(key, inner);
}

export function applyWrite(
  database: string,
  before: Document | undefined,
  write: Write,
  now: Micros,
): WriteOutcome {
  checkPrecondition(documentName(database, write.path), before, write);
  if (write.kind === 'verify') return { after: before, transformResults: [] };
  if (write.kind === 'delete') return { after: undefined, transformResults: [] };
  const fields = updatedFields(before, write);
  const transformResults = write.transforms.map((transform) => applyTransform(fields, transform, now));
  const after = Document.of(write.path, fields, before?.createTime ?? now, now);
  if (after.data.length > BYTES_WORTH_MEASURING)
    checkDocumentSize(documentName(database, write.path), write.path, fields);
  return { after: before?.data === after.data ? before : after, transformResults };
}

function updatedFields(before: Document | undefined, write: Write): MapValue {
  if (!write.mask) return write.transforms.length === 0 ? write.fields : structuredFields(write.fields);
  const fields = before ? before.fields() : new Map<string, Value>();
  for (const path of write.mask) {
    const value = fieldAt(write.fields, path);
    if (value === undefined) deleteField(fields, path);
    else setField(fields, path, copy(value));
  }
  return fields;
}

/** Transforms change maps in place, and a write may be applied again after waiting for a lock. */
function structuredFields(fields: MapValue): MapValue {
  return new Map([...fields].map(([name, value]) => [name, copy(value)]));
}

function copy(value: Value): Value {
  return value instanceof Map ? structuredFields(value) : value;
}

function checkPrecondition(name: string, before: Document | undefined, write: Write): void {
  const { exists, updateTime } = write.precondition;
  if (exists === true && !before) {
    throw new FirestoreError('NOT_FOUND', `No document to update: ${name}`);
  }
  if (exists === false && before)
    throw new FirestoreError('ALREADY_EXISTS', `Document already exists: ${name}`);
  if (updateTime !== undefined && before && updateTime > before.updateTime)
    throw invalid(`The update_time is later than the last update of the document: ${name}`);
  if (updateTime !== undefined && before?.updateTime !== updateTime) {
    const stored = before ? `was last updated at ${before.updateTime}` : 'does not exist';
    throw new FirestoreError(
      'FAILED_PRECONDITION',
      `The document ${stored} but the write requires the version of ${updateTime} (microseconds): ${name}`,
    );
  }
}
