import type { Write } from '../../src/document/write.ts';
import type { Value } from '../../src/value/types.ts';

/* Many documents of one collection, in the order of their numbers. */

export const path = (n: number) => `c/${String(n).padStart(5, '0')}`;

export function put(n: number, fields: Record<string, Value>): Write {
  return {
    kind: 'update',
    path: path(n),
    fields: new Map(Object.entries(fields)),
    transforms: [],
    precondition: {},
  };
}

export function remove(n: number): Write {
  return { kind: 'delete', path: path(n), fields: new Map(), transforms: [], precondition: {} };
}
