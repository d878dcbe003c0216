import { isDeepStrictEqual } from 'node:util';
import type { Type } from '@nestjs/common';
import type { DocumentData } from 'firebase-admin/firestore';
import { type Field, fieldsOf } from './document-model.js';
import { isObjectOf, isPlain, isStoredAs, storedValue, undeclaredOf } from './stored-form.js';

/** A field that differs, by its path; without a value it is gone. */
export interface Change {
  path: readonly string[];
  value: unknown;
}

/**
 * What has to be written to turn what is stored into the instance: nested objects field by field, arrays whole.
 * @param type of the instance; absent for a free-form object
 */
export function changesSince(stored: DocumentData, instance: DocumentData, type?: Type<object>): Change[] {
  const changes: Change[] = [];
  collect(stored, instance, type, [], changes);
  return changes;
}

function collect(
  was: DocumentData,
  is: DocumentData,
  type: Type<object> | undefined,
  path: readonly string[],
  changes: Change[],
): void {
  const fields = type && fieldsOf(type);
  const others = type ? undeclaredOf(is) : is;
  for (const name of Object.keys(was)) {
    if (!fields?.has(name) && others?.[name] === undefined) {
      changes.push({ path: [...path, name], value: undefined });
    }
  }
  if (fields) for (const field of fields.values()) compare(field.name, was, is, field, path, changes);
  if (others) for (const name of Object.keys(others)) compare(name, was, others, undefined, path, changes);
}

function compare(
  name: string,
  before: DocumentData,
  after: DocumentData,
  field: Field | undefined,
  parent: readonly string[],
  changes: Change[],
): void {
  const [was, is] = [before[name], after[name]] as [unknown, unknown];
  if (was === is || (is === undefined && !field)) return;
  if (isPlain(was) && isMap(is, field)) collect(was, is, field?.nested, [...parent, name], changes);
  else if (!isSame(was, is, field)) changes.push({ path: [...parent, name], value: storedValue(is, field) });
}

/** The cases that documents are full of, before the one that is right for all and slow. */
function isSame(was: unknown, is: unknown, field: Field | undefined): boolean {
  if (typeof was !== 'object' || typeof is !== 'object') return Object.is(was, is);
  if (is instanceof Date) return isStoredAs(is, was);
  if (Array.isArray(was) && Array.isArray(is)) {
    return (
      was.length === is.length &&
      was.every((each, index) => each === is[index] || isSame(each, is[index], field))
    );
  }
  if (!isPlain(was) || !isMap(is, field)) return isDeepStrictEqual(was, storedValue(is, field));
  return changesSince(was, is, field?.nested).length === 0;
}

/** Whether the value is stored as a map. */
const isMap = (value: unknown, field: Field | undefined): value is DocumentData =>
  field?.nested ? isObjectOf(field.nested, value) : isPlain(value);
