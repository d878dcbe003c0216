import { Logger, type Type } from '@nestjs/common';
import { type TransformMetadata, TransformationType, type TypeMetadata } from 'class-transformer';
import { defaultMetadataStorage as storage } from 'class-transformer/cjs/storage.js';
import { declaredProperties } from './rules.js';

/** What class-transformer's decorators say about one property. */
export interface Field {
  /** On the instance; `@Expose({ name })` gives it another in the input. */
  name: string;
  /** `@Type`. */
  type: TypeMetadata | undefined;
  /** `@Transform`, in the order in which they apply. */
  transforms: TransformMetadata[];
  /** The class has an accessor without a setter, or another value, of this name: the input does not replace it. */
  isFixed: boolean;
  /** It holds a Set, a Map or an array class of its own, which class-transformer itself makes. */
  isByLibrary: boolean;
}

/** What class-transformer's decorators say about one class, looked up once. */
export interface ClassFields {
  /** The fields that rules name, by their name in the input. */
  known: ReadonlyMap<string, Field>;
  /** The names to read from the input, in order. */
  keysOf: (plain: object) => string[];
}

const fields = new WeakMap<Type, ClassFields>();

/** The fields of a class, looked up at its first use. */
export function fieldsOf(type: Type): ClassFields {
  let found = fields.get(type);
  if (!found) {
    found = readFields(type);
    fields.set(type, found);
  }
  return found;
}

/** One field as class-transformer knows it, whether or not a rule names it. */
export function fieldOf(type: Type, key: string): Field {
  const name = storage.findExposeMetadataByCustomName(type, key)?.propertyName ?? key;
  const metadata = storage.findTypeMetadata(type, name);
  const transforms = storage
    .findTransformMetadatas(type, name, TransformationType.PLAIN_TO_CLASS)
    .filter(({ options }) => !options?.groups?.length);
  return {
    name,
    type: metadata,
    transforms,
    isFixed: isFixed(type.prototype as object, name),
    isByLibrary: isOwnCollection(metadata?.reflectedType),
  };
}

function readFields(type: Type): ClassFields {
  const keysOf = keysReader(type);
  const names = [...declaredProperties(type), ...keysOf({})];
  const known = new Map(names.map((key) => [key, fieldOf(type, key)]));
  for (const { name, isByLibrary } of known.values()) {
    if (!isByLibrary) continue;
    new Logger('Validation').warn(
      `${type.name}.${name} is a Set, a Map or an array class of its own; class-transformer itself makes it, slower.`,
    );
  }
  return { known, keysOf };
}

/** `@Expose` and `@Exclude`, on properties or on the class, choose among the keys of the input. */
function keysReader(type: Type): ClassFields['keysOf'] {
  const takesAll = storage.getStrategy(type) !== 'excludeAll';
  const exposed = storage
    .getExposedProperties(type, TransformationType.PLAIN_TO_CLASS)
    .map((name) => storage.findExposeMetadata(type, name)?.options?.name || name);
  const ofGroups = storage
    .getExposedMetadatas(type)
    .map(({ propertyName }) => propertyName!)
    .filter((name) => storage.findExposeMetadata(type, name)?.options?.groups?.length);
  const excluded = storage.getExcludedProperties(type, TransformationType.PLAIN_TO_CLASS);
  const hidden = new Set([...excluded, ...ofGroups]);
  if (takesAll && exposed.length === 0 && hidden.size === 0) return Object.keys;
  return (plain) => {
    const keys = new Set([...(takesAll ? Object.keys(plain) : []), ...exposed]);
    return [...keys].filter((key) => !hidden.has(key));
  };
}

function isFixed(prototype: object, name: string): boolean {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  return own ? !own.set : inheritsGetterOnly(prototype, name);
}

/** Assigning to it would throw. */
function inheritsGetterOnly(prototype: object, name: string): boolean {
  for (let each: object | null = prototype; each; each = Object.getPrototypeOf(each) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(each, name);
    if (descriptor) return descriptor.get !== undefined && !descriptor.set;
  }
  return false;
}

function isOwnCollection(type: unknown): boolean {
  if (typeof type !== 'function' || type === Array) return false;
  const prototype = type.prototype as unknown;
  return (
    type === Set ||
    type === Map ||
    prototype instanceof Set ||
    prototype instanceof Map ||
    prototype instanceof Array
  );
}
