import { isDeepStrictEqual } from 'node:util';
import type { DocumentData } from 'firebase-admin/firestore';
import { isPlain } from './stored-form.js';

/** A field that differs, by its path; without a value it is gone. */
export interface Change {
  path: readonly string[];
  value: unknown;
}

/** What has to be written to turn one stored form into the other: nested objects field by field, arrays whole. */
export function changesBetween(
  before: DocumentData,
  after: DocumentData,
  parent: readonly string[] = [],
): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name): Change[] => {
    const [was, is] = [before[name], after[name]] as unknown[];
    const path = [...parent, name];
    if (isPlain(was) && isPlain(is)) return changesBetween(was, is, path);
    return isDeepStrictEqual(was, is) ? [] : [{ path, value: is }];
  });
}
