import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import { type InputViolation, InvalidInput } from '../errors/errors.js';
import { convertStrings } from './string-conversion.js';

/** Where the values come from: `text` (query, path, headers, environment) is converted to the declared types first. */
export type InputKind = 'json' | 'text';

/** Whether a class carries class-validator's decorators, its own or inherited. */
export function isDto(type: unknown): type is Type<object> {
  return typeof type === 'function' && declaredProperties(type as Type<object>).size > 0;
}

/** The properties of a DTO that class-validator knows. */
export function declaredProperties(type: Type<object>): Set<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return new Set(rules.map((rule) => rule.propertyName));
}

/** Those of `input`'s entries that the DTO declares; for sources that always hold more, as headers and environment do. */
export function pickDeclared(type: Type<object>, input: object): object {
  const declared = declaredProperties(type);
  return Object.fromEntries(Object.entries(input).filter(([name]) => declared.has(name)));
}

/**
 * Makes a DTO of untrusted input: a new object with the class's defaults, its rules checked, nothing undeclared.
 * @throws {InvalidInput} with every broken rule
 */
export async function parseDto<Dto extends object>(
  type: Type<Dto>,
  input: unknown,
  kind: InputKind,
): Promise<Dto> {
  const plain = input ?? {};
  if (typeof plain !== 'object' || Array.isArray(plain)) throw new InvalidInput([notAnObject]);
  const typed = kind === 'text' ? convertStrings(type, plain as Record<string, unknown>) : plain;
  const dto = plainToInstance(type, typed, { exposeDefaultValues: true });
  const errors = await validate(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (errors.length > 0) throw new InvalidInput(violationsOf(errors));
  return dto;
}

const notAnObject: InputViolation = { field: '', message: 'must be an object', constraint: 'isObject' };

function violationsOf(errors: ValidationError[], parent = ''): InputViolation[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const field = pathOf(parent, property);
    const own = Object.entries(constraints).map(([constraint, message]) => ({ field, message, constraint }));
    return [...own, ...violationsOf(children, field)];
  });
}

function pathOf(parent: string, property: string): string {
  if (/^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent === '' ? property : `${parent}.${property}`;
}
