import type { DocumentReference, FieldValue, GeoPoint, Timestamp } from 'firebase-admin/firestore';

import type { DefaultedIn } from './document.decorators.js';

type Method = (...args: never[]) => unknown;

/** What is a value as a whole, for all its properties. */
type Whole =
  | string
  | number
  | boolean
  | Date
  | Timestamp
  | GeoPoint
  | Uint8Array
  | ReturnType<typeof FieldValue.vector>
  | Pick<DocumentReference, 'path' | 'listCollections'>
  | readonly unknown[];

type PathOf<V, P extends string> = V extends Method ? never : V extends Whole ? P : P | `${P}.${Path<V>}`;

/** The fields of a document class by their paths, nested ones as `address.city`. */
export type Path<T> = { [P in keyof T & string]-?: PathOf<NonNullable<T[P]>, P> }[keyof T & string];

/** The type of the field at a path. */
export type ValueAt<T, P extends string> = P extends keyof T
  ? T[P]
  : P extends `${infer Head}.${infer Rest}`
    ? Head extends keyof T
      ? ValueAt<NonNullable<T[Head]>, Rest>
      : never
    : never;

/** The fields that are numbers, by their paths. */
export type NumberPath<T> = {
  [P in Path<T>]: NonNullable<ValueAt<T, P>> extends number ? P : never;
}[Path<T>];

type Properties<T> = { [P in keyof T as NonNullable<T[P]> extends Method ? never : P]: T[P] };

/** What a new document is made of: its properties, without those that have a default or are optional if you like. */
export type NewDocument<T> = Omit<Properties<T>, DefaultedIn<T>> &
  Partial<Pick<Properties<T>, DefaultedIn<Properties<T>>>>;

/** New values of some fields, by their paths. `undefined` leaves a field as it is. */
export type Changes<T> = { [P in Path<T>]?: ValueAt<T, P> };

/** Amounts to add to some fields that are numbers. */
export type Amounts<T> = { [P in NumberPath<T>]?: number };

/** A reference has an `id` too, so it would pass for an object with that part. */
interface NoReference {
  readonly listCollections?: never;
}

/**
 * Which document: the value of a key of one part, or an object with each part by its name; a loaded document will do.
 */
export type DocumentKey<T> =
  string | number | ({ readonly [P in keyof T]?: T[P] } & NoReference) | DocumentReference<T>;
