import type { Type } from '@nestjs/common';
import { TransformationType, type TypeHelpOptions, type TypeMetadata } from 'class-transformer';
import { defaultOptions } from 'class-transformer/cjs/constants/default-options.constant.js';
import { TransformOperationExecutor } from 'class-transformer/cjs/TransformOperationExecutor.js';
import { type Field, fieldOf, fieldsOf } from './fields.js';
import { MAX_DEPTH, MAX_VIOLATIONS } from './limits.js';

export class TooDeep extends Error {}

type Plain = Record<string, unknown>;

const OPTIONS = { ...defaultOptions, exposeDefaultValues: true };
const library = new TransformOperationExecutor(TransformationType.PLAIN_TO_CLASS, OPTIONS);

/** `@Type(() => String)` and its like convert. */
const CASTS = new Map<unknown, (value: never) => unknown>([
  [String, String],
  [Number, Number],
  [Boolean, Boolean],
  [Date, (value: string) => new Date(value)],
  [Buffer, (value: string) => Buffer.from(value)],
]);

/**
 * Makes an instance of plain input as class-transformer's `plainToInstance` with `exposeDefaultValues` would. Where the
 * library crashes on hostile input (an own `constructor`, an object that cannot be cast, an inherited getter), the value
 * is left for the rules to refuse.
 * @throws {TooDeep}
 */
export function makeDto<Dto extends object>(type: Type<Dto>, plain: object): Dto {
  return convert(plain, type, 0) as Dto;
}

function convert(value: unknown, type: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return cast(value, type);
  if (depth > MAX_DEPTH) throw new TooDeep();
  if (Array.isArray(value)) return value.map((item) => convert(item, type, depth + 1));
  if (value instanceof Date && (type === undefined || !CASTS.has(type) || type === Buffer))
    return new Date(value);
  if (CASTS.has(type)) return cast(value, type);
  if (!isPlain(value))
    return library.transform(undefined, value, type as never, undefined!, value instanceof Map);
  return typeof type === 'function' ? instantiate(type as Type, value, depth) : copy(value, depth);
}

function cast(value: unknown, type: unknown): unknown {
  if (type === undefined || value === undefined || value === null) return value;
  try {
    return CASTS.get(type)?.(value as never) ?? value;
  } catch {
    return value;
  }
}

function isPlain(value: object): value is Plain {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What no class is declared for is copied, without the names that every object has. */
function copy(plain: Plain, depth: number): Plain {
  const copied: Plain = {};
  for (const key of Object.keys(plain)) {
    if (!(key in Object.prototype)) copied[key] = convert(plain[key], undefined, depth + 1);
  }
  return copied;
}

function instantiate(type: Type, plain: Plain, depth: number): object {
  const { known, keysOf } = fieldsOf(type);
  const instance = new type() as Plain;
  if (instance instanceof Map) return library.transform(undefined, plain, type, undefined!, false) as object;
  let undeclared = 0;
  for (const key of keysOf(plain)) {
    if (key === '__proto__' || key === 'constructor') continue;
    if (!known.has(key) && ++undeclared > MAX_VIOLATIONS) continue;
    const field = known.get(key) ?? fieldOf(type, key);
    const initial = instance[field.name];
    if (field.isFixed || typeof initial === 'function') continue;
    const given = plain[key];
    instance[field.name] = given === undefined ? initial : valueOf(field, given, plain, instance, depth);
  }
  return instance;
}

function valueOf(field: Field, given: unknown, plain: Plain, instance: Plain, depth: number): unknown {
  const { name, type, transforms } = field;
  let value = type
    ? typedValue(type, field, given, { newObject: instance, object: plain, property: name }, depth)
    : convert(given, undefined, depth + 1);
  for (const { transformFn } of transforms) {
    value = transformFn({
      value,
      key: name,
      obj: plain,
      type: TransformationType.PLAIN_TO_CLASS,
      options: OPTIONS,
    });
  }
  return value;
}

function typedValue(
  type: TypeMetadata,
  { isByLibrary }: Field,
  given: unknown,
  place: TypeHelpOptions,
  depth: number,
): unknown {
  if (type.options?.discriminator?.subTypes && Array.isArray(given)) {
    const list: unknown[] = [];
    for (const item of given) {
      const itemPlace = { newObject: list as never, object: item as never, property: undefined as never };
      list.push(convert(item, classOf(type, item, itemPlace), depth + 2));
    }
    return list;
  }
  const declared = classOf(type, given, place);
  if (!isByLibrary) return convert(given, declared, depth + 1);
  const reflected = type.reflectedType as unknown;
  return library.transform(
    undefined,
    given,
    declared as never,
    (Array.isArray(given) ? reflected : undefined) as never,
    given instanceof Map || reflected === Map,
  );
}

/** What `@Type` says; with a discriminator it depends on a property of the value. */
function classOf(type: TypeMetadata, given: unknown, place: TypeHelpOptions): unknown {
  const declared: unknown = type.typeFunction ? type.typeFunction(place) : type.reflectedType;
  const { discriminator, keepDiscriminatorProperty } = type.options ?? {};
  if (!discriminator?.property || !discriminator.subTypes) return declared;
  if (!(given instanceof Object) || !(discriminator.property in given)) return declared;
  const plain = given as Plain;
  const subType = discriminator.subTypes.find(({ name }) => name === plain[discriminator.property]);
  if (!keepDiscriminatorProperty) delete plain[discriminator.property];
  return subType ? subType.value : declared;
}
