import type { Type } from '@nestjs/common';
import { type InputViolation, InvalidInput } from '../errors/errors.js';
import { checkDto, type Finding } from './check-dto.js';
import { MAX_DEPTH, MAX_VIOLATIONS } from './limits.js';
import { makeDto, TooDeep } from './make-dto.js';
import { declaredProperties } from './rules.js';
import { convertStrings } from './string-conversion.js';

export { declaredProperties } from './rules.js';

/** Where the values come from: `text` (query, path, headers, environment) is converted to the declared types first. */
export type InputKind = 'json' | 'text';

/** Whether a class carries class-validator's decorators, its own or inherited. */
export function isDto(type: unknown): type is Type<object> {
  return typeof type === 'function' && declaredProperties(type).size > 0;
}

/** Those of `input`'s entries that the DTO declares; for sources that always hold more, as headers and environment do. */
export function pickDeclared(type: Type<object>, input: object): object {
  const declared = declaredProperties(type);
  return Object.fromEntries(Object.entries(input).filter(([name]) => declared.has(name)));
}

/**
 * Makes a DTO of untrusted input: a new object with the class's defaults, its rules checked, nothing undeclared. It does
 * so at once, unless a custom validator answers with a promise.
 * @throws {InvalidInput} with the broken rules
 */
export function parseDto<Dto extends object>(
  type: Type<Dto>,
  input: unknown,
  kind: InputKind,
): Dto | Promise<Dto> {
  const plain = input ?? {};
  if (typeof plain !== 'object' || Array.isArray(plain)) throw new InvalidInput([notAnObject]);
  const dto = make(type, kind === 'text' ? convertStrings(type, plain as Record<string, unknown>) : plain);
  const findings = checkDto(dto);
  return findings instanceof Promise ? findings.then((all) => accept(dto, all)) : accept(dto, findings);
}

function make<Dto extends object>(type: Type<Dto>, plain: object): Dto {
  try {
    return makeDto(type, plain);
  } catch (error) {
    throw error instanceof TooDeep ? new InvalidInput([tooDeep]) : error;
  }
}

function accept<Dto>(dto: Dto, findings: Finding[]): Dto {
  if (findings.length === 0) return dto;
  const violations = violationsIn(findings, '').take(MAX_VIOLATIONS).toArray();
  if (violations.length > 0) throw new InvalidInput(violations);
  return dto;
}

const notAnObject: InputViolation = { field: '', message: 'must be an object', constraint: 'isObject' };
const tooDeep: InputViolation = {
  field: '',
  message: `must not nest deeper than ${MAX_DEPTH} levels`,
  constraint: 'maxDepth',
};

/** The broken rules with the paths of their values; takes what class-validator itself answers, too. */
export function violationsOf(findings: Finding[]): InputViolation[] {
  return [...violationsIn(findings, '')];
}

function* violationsIn(findings: Finding[], parent: string): Generator<InputViolation> {
  for (const { property, constraints = {}, children = [] } of findings) {
    const field = pathOf(parent, property);
    for (const [constraint, message] of Object.entries(constraints)) yield { field, message, constraint };
    yield* violationsIn(children, field);
  }
}

function pathOf(parent: string, property: string | number | undefined): string {
  if (property === undefined) return parent;
  if (/^\d+$/.test(String(property))) return `${parent}[${property}]`;
  return parent === '' ? String(property) : `${parent}.${property}`;
}
