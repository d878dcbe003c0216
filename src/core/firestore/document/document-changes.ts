import { isDeepStrictEqual } from 'node:util';
import type { DocumentData } from 'firebase-admin/firestore';
import { isPlain } from './stored-form.js';

/** A field that differs, by its path; without a value it is gone. */
export interface Change {
  path: readonly string[];
  value: unknown;
}

/** What has to be written to turn one stored form into the other: nested objects field by field, arrays whole. */
export function changesBetween(before: DocumentData, after: DocumentData): Change[] {
  const changes: Change[] = [];
  collect(before, after, [], changes);
  return changes;
}

function collect(
  before: DocumentData,
  after: DocumentData,
  parent: readonly string[],
  changes: Change[],
): void {
  for (const name of Object.keys(before)) {
    if (!(name in after)) changes.push({ path: [...parent, name], value: undefined });
  }
  for (const [name, is] of Object.entries(after) as [string, unknown][]) {
    const was: unknown = before[name];
    if (was === is) continue;
    if (isPlain(was) && isPlain(is)) collect(was, is, [...parent, name], changes);
    else if (!isSame(was, is)) changes.push({ path: [...parent, name], value: is });
  }
}

/** The cases that documents are full of, before the one that is right for all and slow. */
function isSame(was: unknown, is: unknown): boolean {
  if (typeof was !== 'object' || typeof is !== 'object') return Object.is(was, is);
  if (was instanceof Date && is instanceof Date) return was.getTime() === is.getTime();
  if (Array.isArray(was) && Array.isArray(is)) {
    return (
      was.length === is.length && was.every((each, index) => each === is[index] || isSame(each, is[index]))
    );
  }
  return isDeepStrictEqual(was, is);
}
