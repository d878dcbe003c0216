import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { TypedErrorClass } from '../../errors/typed-error.js';
import { declaredProperties, isDto } from '../../validation/dto.js';
import { elementTypeOf } from '../../validation/element-type.js';
import { DocumentExists, DocumentNotFound } from '../firestore.errors.js';
import { firestoreLibrary } from '../firestore-library.js';
import {
  type DeclaredKey,
  declaredKeysOf,
  documentOptionsOf,
  readOnlyFieldsOf,
} from './document.decorators.js';
import type { KeyPart } from './document-key.js';

/** A stored property of a document class, or of a class nested in one. */
export interface Field {
  name: string;
  /** The class of the nested object, or of an array's items. */
  nested: Type<object> | undefined;
  /** Declared as something that nothing can be added to. */
  isNoNumber: boolean;
  /** Declared as `Timestamp`, so it keeps its microseconds instead of becoming a `Date`. */
  readonly isTimestamp: boolean;
}

export type Fields = ReadonlyMap<string, Field>;

/** All that the decorators of a document class say. */
export interface DocumentModel<T extends object = object> {
  type: Type<T>;
  collection: string;
  keys: readonly KeyPart[];
  fields: Fields;
  readOnly: ReadonlySet<string>;
  notFound: TypedErrorClass;
  exists: TypedErrorClass;
}

const models = new WeakMap<Type<object>, DocumentModel>();
const fieldsByClass = new WeakMap<Type<object>, Fields>();

/** @throws {Error} if the class is no document class, or has no key */
export function modelOf<T extends object>(type: Type<T>): DocumentModel<T> {
  let model = models.get(type);
  if (!model) models.set(type, (model = readModel(type)));
  return model as unknown as DocumentModel<T>;
}

/** The stored properties of a document class or a nested one: those with a rule that are not part of the key. */
export function fieldsOf(type: Type<object>): Fields {
  let fields = fieldsByClass.get(type);
  if (!fields) fieldsByClass.set(type, (fields = readFields(type)));
  return fields;
}

function readModel(type: Type<object>): DocumentModel {
  const options = documentOptionsOf(type);
  if (!options) throw new Error(`${type.name} is no document class: it has no @Document({ collection }).`);
  if (!isCollectionPath(options.collection)) {
    throw new Error(`${type.name}: "${options.collection}" is no path of a collection, e.g. "users".`);
  }
  const keys = declaredKeysOf(type).map((key) => keyPartOf(type, key));
  if (keys.length === 0) throw new Error(`${type.name} has no key: declare @Key() on a property.`);
  return {
    type,
    collection: options.collection,
    keys,
    fields: fieldsOf(type),
    readOnly: new Set(readOnlyFieldsOf(type)),
    notFound: options.notFound ?? DocumentNotFound,
    exists: options.exists ?? DocumentExists,
  };
}

/** Names of collections and documents in turn, none of those that Firestore keeps for itself. */
function isCollectionPath(path: string): boolean {
  const names = path.split('/');
  return names.length % 2 === 1 && names.every((name) => !/^(?:|\.|\.\.|__.*__)$/s.test(name));
}

function keyPartOf(type: Type<object>, { property, auto = false }: DeclaredKey): KeyPart {
  const declared = Reflect.getMetadata('design:type', type.prototype as object, property) as unknown;
  // `Object` is what reflection says of `Default<string>` and of any other alias.
  if (![String, Number, Object, undefined].includes(declared as never)) {
    throw new Error(`${type.name}.${property} is part of the key and must be a string or a whole number.`);
  }
  const isNumber = declared === Number;
  if (auto && isNumber) throw new Error(`${type.name}.${property}: @Key({ auto: true }) makes strings.`);
  return { property, auto, isNumber };
}

function readFields(type: Type<object>): Fields {
  const keys = new Set(declaredKeysOf(type).map(({ property }) => property));
  const names = [...declaredProperties(type)].filter((name) => !keys.has(name));
  return new Map(names.map((name) => [name, fieldOf(type, name)]));
}

function fieldOf(type: Type<object>, name: string): Field {
  const declared = Reflect.getMetadata('design:type', type.prototype as object, name) as unknown;
  const [named, own] = [elementTypeOf(type, name), declared];
  const nested = [named, own].find(isDto);
  return {
    name,
    nested,
    isNoNumber: [String, Boolean, Date, Array].includes(own as never),
    get isTimestamp() {
      return [named, own].includes(firestoreLibrary().Timestamp);
    },
  };
}
