import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { Allow } from 'class-validator';
import type { TypedErrorClass } from '../../errors/typed-error.js';

export interface DocumentOptions {
  /** Path of the collection, e.g. `users`. */
  collection: string;
  /** Thrown when a document that must exist does not. Default `DocumentNotFound` (404). */
  notFound?: TypedErrorClass;
  /** Thrown when a document to be created exists already. Default `DocumentExists` (409). */
  exists?: TypedErrorClass;
}

export interface KeyOptions {
  /** The repository makes it, when a new document has none: a UUID version 7, sortable by time. */
  auto?: boolean;
}

/** One property of a key, as declared. */
export interface DeclaredKey extends KeyOptions {
  property: string;
}

/** A hook that a document class may have. */
export interface BeforeSave {
  /**
   * Runs inside the transaction, before the commit, for each created or changed document that the transaction holds:
   * the place for fields that follow from others. It must not change when nothing else does.
   */
  beforeSave(): void | Promise<void>;
}

declare const byDefault: unique symbol;

/**
 * The type of a property that a new document need not name: its class initialises it, or the repository makes it.
 *
 * ```ts
 * @IsIn(ROLES)
 * role: Default<Role> = 'user';
 * ```
 */
export type Default<T> = T & { readonly [byDefault]?: never };

/** Names of the properties that are {@link Default}. */
export type DefaultedIn<T> = {
  [P in keyof T]-?: typeof byDefault extends keyof NonNullable<T[P]> ? P : never;
}[keyof T];

const DOCUMENT = Symbol('document');
const KEYS = Symbol('keys');
const READ_ONLY = Symbol('read-only');

/**
 * Declares a class whose instances are the documents of a collection. Each property with a class-validator rule is a
 * field; `@Key()` properties make up the document's id.
 *
 * ```ts
 * @Document({ collection: 'notes' })
 * export class Note {
 *   @Key({ auto: true })
 *   id: Default<string>;
 *
 *   @IsString()
 *   @MaxLength(500)
 *   text: string;
 * }
 * ```
 */
export const Document =
  (options: DocumentOptions): ClassDecorator =>
  (target) =>
    Reflect.defineMetadata(DOCUMENT, options, target);

/**
 * A part of the key. Several, in the order of the class, make a composite one. A part is a string or a whole number;
 * the document's id encodes the parts so that ids sort as the parts do.
 */
export const Key =
  (options: KeyOptions = {}): PropertyDecorator =>
  (target, property) => {
    Allow()(target, property);
    add(KEYS, target, { property: String(property), ...options });
  };

/** A field that never changes once the document is created. */
export const ReadOnly = (): PropertyDecorator => (target, property) =>
  add(READ_ONLY, target, String(property));

export const documentOptionsOf = (type: Type<object>) =>
  Reflect.getMetadata(DOCUMENT, type) as DocumentOptions | undefined;

export const declaredKeysOf = (type: Type<object>) =>
  (Reflect.getMetadata(KEYS, type.prototype as object) ?? []) as DeclaredKey[];

export const readOnlyFieldsOf = (type: Type<object>) =>
  (Reflect.getMetadata(READ_ONLY, type.prototype as object) ?? []) as string[];

/** A subclass adds to what it inherits; the parent's own list stays as it is. */
function add(list: symbol, target: object, item: unknown): void {
  const inherited = (Reflect.getMetadata(list, target) ?? []) as unknown[];
  Reflect.defineMetadata(list, [...inherited, item], target);
}
