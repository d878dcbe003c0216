import { fieldAt, isName } from '../document/field-path.ts';
import { afterPrefix, KeyWriter } from '../value/key-writer.ts';
import { Reference } from '../value/types.ts';
import { writeValue } from '../value/value-key.ts';
import type { Candidate } from './filter.ts';
import type { Cursor, Order, Query } from './query.ts';

const key = new KeyWriter();

/** Where a document stands in the order of a query; undefined when it lacks a field of the order. */
export function orderKey(orders: readonly Order[], { path, fields }: Candidate): string | undefined {
  key.truncate(0);
  for (const order of orders) {
    const from = key.length;
    if (isName(order.path)) {
      key.path(path);
    } else {
      const value = fieldAt(fields, order.path);
      if (value === undefined) return undefined;
      writeValue(key, value);
    }
    if (order.descending) key.invert(from);
  }
  return key.toString();
}

/** The range of order keys between the cursors of a query. */
export function orderBounds({ orders, start, end }: Query): { from: string; to: string | undefined } {
  return {
    from: start ? cursorKey(orders, start) : '',
    to: end ? cursorKey(orders, end) : undefined,
  };
}

/** The key that divides what is before a cursor from what is after it. */
export function cursorKey(orders: readonly Order[], cursor: Cursor): string {
  key.truncate(0);
  cursor.values.forEach((value, at) => {
    const order = orders[at]!;
    const from = key.length;
    if (isName(order.path)) key.path(pathOf(value as Reference));
    else writeValue(key, value);
    if (order.descending) key.invert(from);
  });
  const prefix = key.toString();
  return cursor.before ? prefix : afterPrefix(prefix);
}

/** The key of a document's name, as it stands in an order by name. */
export function nameKey(reference: Reference): string {
  key.truncate(0);
  key.path(pathOf(reference));
  return key.toString();
}

function pathOf(reference: Reference): string {
  return reference.name.split('/').slice(5).join('/');
}
