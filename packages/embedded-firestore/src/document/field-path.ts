import { invalid } from '../errors.ts';
import { MAX_FIELD_PATH_BYTES, MAX_NAME_BYTES } from '../value/limits.ts';
import type { MapValue, Value } from '../value/types.ts';
import { compareUtf8 } from '../value/value-key.ts';

/** The names from the document down to a field. */
export type FieldPath = readonly string[];

export const NAME_FIELD = '__name__';
const SIMPLE = /^[A-Za-z_][A-Za-z_0-9]*$/;
const RESERVED = /^__.+__$/;

/** Parses `a.b`, with back-ticks around names that are not simple: `` a.`x.y` ``. */
export function parseFieldPath(text: string): FieldPath {
  const path: string[] = [];
  let at = 0;
  for (;;) {
    const [name, next] = text[at] === '`' ? quotedName(text, at) : plainName(text, at);
    checkFieldName(name, text);
    path.push(name);
    if (next === text.length) break;
    if (text[next] !== '.') throw invalid(`Invalid field path "${text}": unexpected character at ${next}.`);
    at = next + 1;
  }
  if (text.length * 3 > MAX_FIELD_PATH_BYTES) checkPathBytes(Buffer.byteLength(path.join('.')), path.at(-1)!);
  return path;
}

export function checkPathBytes(bytes: number, last: string): void {
  if (bytes <= MAX_FIELD_PATH_BYTES) return;
  const name = last.length > 80 ? `${last.slice(0, 80)}...` : last;
  throw invalid(`The path of field "${name}" has ${bytes} bytes, the limit is ${MAX_FIELD_PATH_BYTES}.`);
}

function plainName(text: string, from: number): [string, number] {
  const dot = text.indexOf('.', from);
  const end = dot === -1 ? text.length : dot;
  const name = text.slice(from, end);
  if (!SIMPLE.test(name)) {
    throw invalid(`Invalid field path "${text}": "${name}" must be put in back-ticks or is empty.`);
  }
  return [name, end];
}

function quotedName(text: string, from: number): [string, number] {
  let name = '';
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '`') return [name, at + 1];
    if (text[at] === '\\') at++;
    name += text[at] ?? '';
  }
  throw invalid(`Invalid field path "${text}": a back-tick is not closed.`);
}

export function checkFieldName(name: string, within: string): void {
  if (name === '') throw invalid(`Field names must not be empty (in "${within}").`);
  if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw invalid(`A field name is longer than ${MAX_NAME_BYTES} bytes (in "${within.slice(0, 80)}...").`);
  }
}

/** Field names of the form `__x__` cannot be stored. */
export function checkWritableName(name: string): void {
  checkFieldName(name, name);
  if (RESERVED.test(name)) throw invalid(`Field name "${name}" is reserved: names may not match __.*__.`);
}

export function formatFieldPath(path: FieldPath): string {
  return path
    .map((name) => (SIMPLE.test(name) ? name : `\`${name.replaceAll(/[\\`]/g, '\\$&')}\``))
    .join('.');
}

export function byName(paths: readonly FieldPath[]): FieldPath[] {
  return paths.toSorted((a, b) => compareUtf8(formatFieldPath(a), formatFieldPath(b)));
}

export function isName(path: FieldPath): boolean {
  return path.length === 1 && path[0] === NAME_FIELD;
}

export function fieldAt(fields: MapValue, path: FieldPath): Value | undefined {
  let value: Value | undefined = fields;
  for (const name of path) {
    if (!(value instanceof Map)) return undefined;
    value = value.get(name);
  }
  return value;
}

/** Sets a field and makes the maps on the way; whatever else stood there is replaced. */
export function setField(fields: MapValue, path: FieldPath, value: Value): void {
  let map = fields;
  for (const name of path.slice(0, -1)) {
    let next = map.get(name);
    if (!(next instanceof Map)) {
      next = new Map<string, Value>();
      map.set(name, next);
    }
    map = next;
  }
  map.set(path.at(-1)!, value);
}

export function deleteField(fields: MapValue, path: FieldPath): void {
  const parent = path.length === 1 ? fields : fieldAt(fields, path.slice(0, -1));
  if (parent instanceof Map) parent.delete(path.at(-1)!);
}

/** Refuses paths that name a field and a part of it. */
export function checkNoneWithin(paths: readonly FieldPath[], what: string): void {
  const seen = new Set(paths.map((path) => JSON.stringify(path)));
  for (const path of paths) {
    for (let length = 1; length < path.length; length++) {
      const above = path.slice(0, length);
      if (!seen.has(JSON.stringify(above))) continue;
      throw invalid(`${what} names both "${formatFieldPath(above)}" and "${formatFieldPath(path)}".`);
    }
  }
}

/** The fields that a mask leaves visible; `__name__` is always there and hides nothing. */
export function project(fields: MapValue, mask: readonly FieldPath[]): MapValue {
  const visible: MapValue = new Map();
  for (const path of mask) {
    if (isName(path)) continue;
    const value = fieldAt(fields, path);
    if (value !== undefined) setField(visible, path, value);
  }
  return visible;
}
