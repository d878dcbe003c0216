import type { Write } from '../../packages/embedded-firestore/src/document/write.ts';
import type { EngineDatabase } from '../../packages/embedded-firestore/src/engine.ts';
import { normalizeQuery } from '../../packages/embedded-firestore/src/query/normalize.ts';
import type { FieldFilter, Query, QueryRequest } from '../../packages/embedded-firestore/src/query/query.ts';
import { Timestamp } from '../../packages/embedded-firestore/src/value/types.ts';
import type { Value } from '../../packages/embedded-firestore/src/value/types.ts';

export const DATABASE = 'projects/bench/databases/(default)';
const FIRST_NAMES = [
  'Ada',
  'Grace',
  'Alan',
  'Edsger',
  'Barbara',
  'Donald',
  'Margaret',
  'Linus',
  'Ken',
  'Dennis',
];
const AT_ONCE = 500;

/** Spread evenly, and apart from the order in which they are made. */
const idOf = (n: number) => ((n * 2_654_435_761) % 4_294_967_296).toString(36).padStart(20, 'x');

/** Eight fields, about 200 bytes. */
function fieldsOf(n: number): Map<string, Value> {
  return new Map<string, Value>([
    ['id', idOf(n)],
    ['email', `person${n}@example.com`],
    ['firstName', FIRST_NAMES[n % 10]!],
    ['lastName', `Person ${(n * 7919) % 100_003}`],
    ['role', n % 50 === 0 ? 'moderator' : 'user'],
    ['score', BigInt((n * 7919) % 1_000_003)],
    ['active', n % 3 === 0],
    ['createdAt', new Timestamp(1_700_000_000 + n, 0)],
  ]);
}

/** As the service's users have them: all beginnings of all words. */
function beginningsOf(fields: Map<string, Value>): string[] {
  const words = ['firstName', 'lastName', 'email'].flatMap((name) =>
    (fields.get(name) as string).toLowerCase().split(/[\s@.]/),
  );
  return [...new Set(words.flatMap((word) => [...word].map((_, at) => word.slice(0, at + 1))))];
}

export function put(n: number, hasBeginnings = false): Write {
  const fields = fieldsOf(n);
  if (hasBeginnings) fields.set('beginnings', beginningsOf(fields));
  return { kind: 'update', path: `people/${idOf(n)}`, fields, transforms: [], precondition: {} };
}

export function change(n: number, name: string, value: Value): Write {
  return { ...put(n), fields: new Map([[name, value]]), mask: [[name]] };
}

export async function load(database: EngineDatabase, count: number, hasBeginnings = false): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const writes = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) =>
      put(from + at, hasBeginnings),
    );
    await database.commit(writes);
  }
}

export const where = (path: string, op: FieldFilter['op'], value: Value): FieldFilter => ({
  kind: 'field',
  path: [path],
  op,
  value,
});

export function people(orderBy: readonly string[], more: Partial<QueryRequest> = {}): Query {
  return normalizeQuery({
    database: DATABASE,
    from: { parent: '', collectionId: 'people', allDescendants: false },
    orderBy: orderBy.map((path) => ({ path: [path], descending: false })),
    offset: 0,
    ...more,
  });
}
