import type { Type } from '@nestjs/common';
import { checkDto, type Finding } from '../../validation/check-dto.js';
import { violationsOf } from '../../validation/dto.js';
import { InvalidDocument } from '../firestore.errors.js';
import { type DocumentModel, type Field, fieldsOf } from './document-model.js';
import { fill } from './stored-form.js';

/**
 * Checks every rule of a whole document.
 * @param name `collection/id`, for the message
 * @throws {InvalidDocument}
 */
export function checkDocument(name: string, document: object): void {
  report(name, findingsOf(document));
}

/**
 * Checks the rules of the fields that are there; the others may follow before the commit.
 * @throws {InvalidDocument}
 */
export function checkGiven(name: string, document: object): void {
  report(name, amongGiven(document, findingsOf(document)));
}

/**
 * Checks the rules of the fields at the given paths, and that they may change.
 * @throws {InvalidDocument}
 */
export function checkChanges(
  model: DocumentModel,
  name: string,
  changes: ReadonlyMap<string, unknown>,
): void {
  checkChangeable(model, name, [...changes.keys()]);
  const partial = Object.create(model.type.prototype as object) as object;
  for (const [path, value] of changes) setAtPath(model.type, partial, path, value, bare);
  checkGiven(name, partial);
}

/**
 * Checks that the paths lead to fields that may change.
 * @throws {InvalidDocument}
 */
export function checkChangeable(model: DocumentModel, name: string, paths: readonly string[]): void {
  const mistakes = paths.map((path) => mistakeIn(model, path)).filter((each) => each !== undefined);
  if (mistakes.length > 0) throw new InvalidDocument(name, mistakes);
}

/** Sets a field by its path; objects on the way are made where they are missing. */
export function setAtPath(
  type: Type<object>,
  target: object,
  path: string,
  value: unknown,
  make: (type: Type<object> | undefined) => object = fresh,
): void {
  const [name, rest] = split(path);
  const field = fieldsOf(type).get(name);
  if (rest === undefined) return void fill(type, target, { [name]: value });
  const nested = ((target as Record<string, object>)[name] ??= make(field?.nested));
  if (field?.nested) setAtPath(field.nested, nested, rest, value, make);
  else setInMap(nested as Record<string, unknown>, rest, value);
}

export function valueAtPath(target: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], target);
}

/** The declared field that a path leads to; of a free-form object, the one that holds it. */
export function fieldAtPath(type: Type<object>, path: string): Field | undefined {
  const [name, rest] = split(path);
  const field = fieldsOf(type).get(name);
  return rest !== undefined && field?.nested ? fieldAtPath(field.nested, rest) : field;
}

function findingsOf(document: object): Finding[] {
  const findings = checkDto(document);
  if (!(findings instanceof Promise)) return findings;
  throw new Error(
    `${document.constructor.name} has a rule that answers with a promise; those of documents answer at once.`,
  );
}

/** Without what is said of properties that are not there: they are not to be changed. */
function amongGiven(object: object, findings: readonly Finding[]): Finding[] {
  return findings.flatMap((finding) => {
    if (finding.property === undefined) return finding;
    const value = (object as Record<string, unknown>)[finding.property];
    if (value === undefined) return [];
    return { ...finding, children: amongGiven(Object(value) as object, finding.children ?? []) };
  });
}

function report(name: string, findings: Finding[]): void {
  if (findings.every(isEmpty)) return;
  const violations = violationsOf(findings);
  throw new InvalidDocument(
    name,
    violations.map(({ field, message }) => `${field}: ${message}`),
  );
}

/** Firestore keeps these names for itself; `__proto__` would lead out of the document. */
const RESERVED = /^(?:|__.*__)$/s;

const isEmpty = ({ constraints, children }: Finding): boolean =>
  constraints === undefined && (children === undefined || children.every(isEmpty));

function mistakeIn({ type, keys, readOnly }: DocumentModel, path: string): string | undefined {
  const [name] = split(path);
  if (keys.some(({ property }) => property === name)) return `${name} is part of the key and cannot change`;
  if (readOnly.has(name)) return `${name} is @ReadOnly()`;
  if (path.split('.').some((part) => RESERVED.test(part))) return `${path} has a part that names no field`;
  return fieldAtPath(type, path) ? undefined : `${path} is not a field of ${type.name}`;
}

function setInMap(map: Record<string, unknown>, path: string, value: unknown): void {
  const [name, rest] = split(path);
  if (rest === undefined) map[name] = value;
  else setInMap((map[name] ??= {}) as Record<string, unknown>, rest, value);
}

function split(path: string): [name: string, rest: string | undefined] {
  const dot = path.indexOf('.');
  return dot < 0 ? [path, undefined] : [path.slice(0, dot), path.slice(dot + 1)];
}

const bare = (type?: Type<object>): object =>
  type ? (Object.create(type.prototype as object) as object) : {};

const fresh = (type?: Type<object>): object => (type ? new type() : {});
