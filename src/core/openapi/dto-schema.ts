import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';
import { elementTypeOf } from '../validation/element-type.js';
import { isDto } from '../validation/dto.js';
import { API_PROPERTY } from './api.decorators.js';

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];
type Schema = Record<string, unknown>;

/** What a class-validator rule says in JSON Schema. Rules that are not here restrict nothing that it could express. */
const SCHEMA_OF_RULE: Record<string, (constraints: unknown[]) => Schema> = {
  isEmail: () => ({ format: 'email' }),
  isUrl: () => ({ format: 'uri' }),
  isUuid: () => ({ format: 'uuid' }),
  isIso8601: () => ({ format: 'date-time' }),
  isDateString: () => ({ format: 'date-time' }),
  isInt: () => ({ type: 'integer' }),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isNotEmpty: () => ({ minLength: 1 }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  isLength: ([minLength, maxLength]) => ({ minLength, maxLength }),
  matches: ([pattern]) => ({ pattern: (pattern as RegExp).source }),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([values]) => ({ enum: Object.values(values as object) }),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
  arrayUnique: () => ({ uniqueItems: true }),
};

/** Of the items of an array, whose type the compiler does not keep. */
const TYPE_OF_ITEMS: Record<string, string> = {
  isString: 'string',
  isUuid: 'string',
  isBoolean: 'boolean',
  isInt: 'integer',
  isNumber: 'number',
};

const documented = new WeakSet<Type>();

/**
 * Tells `@nestjs/swagger` what the class-validator rules, the declared types and the defaults of a DTO already say, so
 * that `@ApiProperty` is left with examples and descriptions. Follows nested DTOs.
 */
export function documentDto(type: Type): void {
  if (documented.has(type)) return;
  documented.add(type);
  const all = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const inheritedFirst = [true, false].flatMap((first) =>
    all.filter(({ target }) => first !== (target === type)),
  );
  const rules = Map.groupBy(inheritedFirst, (rule) => rule.propertyName);
  const defaults = new type() as Record<string, unknown>;
  for (const [property, ofProperty] of rules)
    documentProperty(type, property, ofProperty, defaults[property]);
}

function documentProperty(type: Type, property: string, rules: Rule[], initial: unknown): void {
  const prototype = type.prototype as object;
  const declared = Reflect.getMetadata('design:type', prototype, property) as Type;
  const element = declared === Array ? elementTypeOf(type, property) : undefined;
  const nested = element ?? declared;
  if (isDto(nested)) documentDto(nested);

  const written = (Reflect.getMetadata(API_PROPERTY, prototype, property) ?? {}) as Schema;
  const { type: writtenType, ...notes } = written;
  const optional = rules.some(({ name }) => name === 'isOptional') || initial !== undefined;
  ApiProperty({
    ...typeOf(writtenType === declared ? undefined : writtenType, element ?? itemsOf(declared, rules), rules),
    ...schemaOf(rules),
    ...(initial === undefined ? {} : { default: initial }),
    required: !optional,
    ...(declared === Array ? { isArray: true } : {}),
    ...notes,
  })(prototype, property);
}

function itemsOf(declared: unknown, rules: Rule[]): unknown {
  if (declared !== Array) return declared;
  const ofItems = rules.find(({ name, each }) => each && TYPE_OF_ITEMS[name ?? '']);
  return TYPE_OF_ITEMS[ofItems?.name ?? ''] ?? declared;
}

function schemaOf(rules: Rule[]): Schema {
  const keywords = rules.flatMap((rule) =>
    Object.entries(SCHEMA_OF_RULE[rule.name ?? '']?.(rule.constraints ?? []) ?? {}),
  );
  return Object.fromEntries(keywords.filter(([keyword]) => keyword !== 'type'));
}

/** A type that `@ApiProperty` names wins over the declared one. `@IsInt` narrows a number, `@IsIn` says what a union is. */
function typeOf(written: unknown, declared: unknown, rules: Rule[]): Schema {
  if (written !== undefined) return { type: written };
  if (rules.some(({ name }) => name === 'isInt')) return { type: 'integer' };
  if (declared !== Object) return { type: declared };
  const allowed = rules.find(({ name }) => name === 'isIn')?.constraints[0] as unknown[] | undefined;
  return { type: allowed ? typeof allowed[0] : 'object' };
}
