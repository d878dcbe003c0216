import type { Type } from '@nestjs/common';
import type { DocumentData, Timestamp } from 'firebase-admin/firestore';
import { firestoreLibrary } from '../firestore-library.js';
import { type Field, fieldsOf } from './document-model.js';

/** What is stored beside the declared fields, by the instance it came with, so that it is stored again. */
const undeclared = new WeakMap<object, DocumentData>();

/** What a date was read from, where that is finer than a date's milliseconds, so that it is stored again. */
const exactly = new WeakMap<Date, Timestamp>();

/** An instance of the class: its defaults, and over them what is stored. Timestamps become dates. */
export function fromStored<T extends object>(type: Type<T>, data: DocumentData): T {
  const instance = new type();
  const fields = fieldsOf(type);
  let others: DocumentData | undefined;
  for (const name of Object.keys(data)) {
    const [field, value] = [fields.get(name), data[name] as unknown];
    if (field) set(instance, name, revive(value, field));
    else (others ??= {})[name] = value;
  }
  if (others) undeclared.set(instance, others);
  return instance;
}

/** Completes what was read by the defaults that its instance has where nothing is stored: they alone are no change. */
export function addDefaults(type: Type<object>, stored: DocumentData, instance: object): void {
  for (const field of fieldsOf(type).values()) {
    const value = (instance as DocumentData)[field.name] as unknown;
    const was = stored[field.name] as unknown;
    if (was === undefined && value !== undefined) stored[field.name] = storedValue(value, field);
    else if (field.nested) addNestedDefaults(field.nested, was, value);
  }
}

function addNestedDefaults(type: Type<object>, stored: unknown, value: unknown): void {
  if (isPlain(stored)) addDefaults(type, stored, value as object);
  else if (Array.isArray(stored))
    stored.forEach((each, index) => addNestedDefaults(type, each, (value as unknown[])[index]));
}

/** What is stored of an instance beside its declared fields. */
export const undeclaredOf = (instance: object): DocumentData | undefined => undeclared.get(instance);

/** What is stored of an instance: its declared fields, those that are there, and the undeclared ones it came with. */
export function toStored(type: Type<object>, instance: object): DocumentData {
  const stored: DocumentData = { ...undeclared.get(instance) };
  for (const field of fieldsOf(type).values()) {
    const value = (instance as DocumentData)[field.name] as unknown;
    if (value !== undefined) stored[field.name] = storedValue(value, field);
  }
  return stored;
}

/** A value of a field as it is stored: copied, so that what is changed in place later can be told from it. */
export function storedValue(value: unknown, field?: Field): unknown {
  if (Array.isArray(value)) return value.map((each) => storedValue(each, field));
  if (value instanceof Date) return exactTimestamp(value) ?? new Date(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (field?.nested && isObjectOf(field.nested, value)) return toStored(field.nested, value);
  return isPlain(value) ? mapValues(value, (each) => storedValue(each)) : value;
}

function revive(value: unknown, field?: Field): unknown {
  if (Array.isArray(value)) return value.map((each) => revive(each, field));
  if (value instanceof firestoreLibrary().Timestamp) return field?.isTimestamp ? value : toDate(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (!isPlain(value)) return value;
  return field?.nested ? fromStored(field.nested, value) : mapValues(value, (each) => revive(each));
}

function toDate(timestamp: Timestamp): Date {
  const date = timestamp.toDate();
  if (timestamp.nanoseconds % 1_000_000 !== 0) exactly.set(date, timestamp);
  return date;
}

/** What a date was read from, if that is finer than a date and the date was not changed since. */
function exactTimestamp(date: Date): Timestamp | undefined {
  const timestamp = exactly.get(date);
  return timestamp?.toMillis() === date.getTime() ? timestamp : undefined;
}

/** Whether a date says what is stored; to the microsecond, if it was read from that. */
export function isStoredAs(date: Date, stored: unknown): boolean {
  if (stored instanceof Date) return stored.getTime() === date.getTime();
  if (!(stored instanceof firestoreLibrary().Timestamp)) return false;
  const exact = exactTimestamp(date);
  if (exact) return exact.isEqual(stored);
  return stored.toMillis() === date.getTime() && stored.nanoseconds % 1_000_000 === 0;
}

/** The timestamp that is stored of a date. */
export const storedTimestamp = (date: Date): Timestamp =>
  exactTimestamp(date) ?? firestoreLibrary().Timestamp.fromDate(date);

/** A new instance with its defaults and over them the given values; plain objects become the classes that are declared. */
export function assemble<T extends object>(type: Type<T>, values: object): T {
  return fill(type, new type(), values);
}

/** Sets the given values, those that are not undefined. */
export function fill<T extends object>(type: Type<object>, target: T, values: object): T {
  const fields = fieldsOf(type);
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) set(target, name, adopt(value, fields.get(name)));
  }
  return target;
}

/** Where a plain object was set in the place of a nested class, makes it one: validation goes by the class. */
export function adoptPlainObjects(type: Type<object>, instance: object): void {
  for (const field of fieldsOf(type).values()) {
    if (!field.nested) continue;
    const value = (instance as DocumentData)[field.name] as unknown;
    if (value !== undefined) set(instance, field.name, adopt(value, field));
  }
}

function adopt(value: unknown, field: Field | undefined): unknown {
  if (!field?.nested) return value;
  if (Array.isArray(value)) {
    return value.some(isPlain) ? value.map((each) => adopt(each, field)) : (value as unknown[]);
  }
  if (isPlain(value)) return assemble(field.nested, value);
  if (value instanceof field.nested) adoptPlainObjects(field.nested, value);
  return value;
}

/** Makes every assignment to the document, and within it, throw. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value) || isPlain(value) || isOfDocumentClass(value)) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

export function isPlain(value: unknown): value is DocumentData {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export const isObjectOf = (type: Type<object>, value: unknown): value is object =>
  value instanceof type || isPlain(value);

const isOfDocumentClass = (value: object): boolean => fieldsOf(value.constructor as Type<object>).size > 0;

function mapValues(map: DocumentData, transform: (value: unknown) => unknown): DocumentData {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, transform(value)]),
  );
}

function set(target: object, name: string, value: unknown): void {
  (target as DocumentData)[name] = value;
}
