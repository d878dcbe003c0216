import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { FieldPath, FieldValue, Filter, GeoPoint, Timestamp } from '@google-cloud/firestore';
import type { DocumentReference, Firestore, Query, WriteBatch } from '@google-cloud/firestore';
import fc from 'fast-check';
import { startTarget, Status, statusOf } from './support/client.ts';
import type { Target } from './support/client.ts';
import {
  compare,
  compareLists,
  fieldAt,
  fieldValue,
  NOW,
  show,
  transformed,
  withField,
} from './support/document-model.ts';
import type { Data, Transform } from './support/document-model.ts';

/** MODEL_RUNS=5000 for a long look: that many requests of each kind. fast-check prints the seed of a failure. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 100);

const PATIENCE_MS = 30_000 + RUNS * 100;

let target: Target;
let db: Firestore;
beforeAll(() => startTarget().then((started) => ((target = started), (db = target.client()))));
afterAll(() => target.stop());

const scalar: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<unknown>(0, 1, 2, 2.5, 'a', 'b', null, true) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      -0,
      NaN,
      Infinity,
      -1.5,
      2 ** 53 - 1,
      false,
      '',
      'aa',
      'é',
      '😀',
      '\uffff',
      new Timestamp(1, 2000),
      new Timestamp(1, 3000),
      new Timestamp(-5, 0),
      Buffer.from([]),
      Buffer.from([0, 255]),
      Buffer.from([1]),
      new GeoPoint(1, -2),
      new GeoPoint(1, 2),
      FieldValue.vector([1, 2]),
      FieldValue.vector([3]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('a/b', 'a/b/c/d', 'b/a')
      .map((path) => () => db.doc(path))
      .map((ref) => ref),
  },
);
const list = fc.array(scalar, { maxLength: 3 });
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: list },
  {
    weight: 1,
    arbitrary: fc.dictionary(fc.constantFrom('k', 'j'), scalar, { maxKeys: 2, noNullPrototype: true }),
  },
);
const field = fc.constantFrom('a', 'b', 'm');
const data: fc.Arbitrary<Data> = fc.dictionary(field, value, { maxKeys: 3, noNullPrototype: true });
const transform: fc.Arbitrary<Transform> = fc.oneof(
  fc.record({ kind: fc.constant('increment' as const), operand: fc.constantFrom(1, -1, 0.5) }),
  fc.record({
    kind: fc.constantFrom('union' as const, 'remove' as const),
    operand: fc.array(scalar, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('now' as const), operand: fc.constant(null) }),
);
const DELETE = Symbol('delete');
const change = fc.record({
  /** None is a part of another. */
  path: fc.constantFrom('a', 'b', 'm.k', 'm.j'),
  to: fc.oneof(
    { weight: 4, arbitrary: value },
    { weight: 1, arbitrary: fc.constant(DELETE) },
    { weight: 2, arbitrary: transform.map((t) => ({ transform: t })) },
  ),
});
const changes = fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ({ path }) => path });
const id = fc.constantFrom('1', '2', '3', '4', '5');
const guard = fc.constantFrom('none', 'none', 'exists', 'current', 'outdated');

type Operation =
  | { kind: 'set' | 'create'; id: string; data: Data }
  | { kind: 'merge' | 'update'; id: string; changes: { path: string; to: unknown }[]; guard: string }
  | { kind: 'delete'; id: string; guard: string };
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('set' as const, 'create' as const), id, data }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('merge' as const, 'update' as const), id, changes, guard }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), id, guard }) },
);

/** References can only be made when there is a client. */
function real<T>(from: T): T {
  if (typeof from === 'function') return (from as () => T)();
  if (Array.isArray(from)) return from.map(real) as T;
  if (
    typeof from !== 'object' ||
    from === null ||
    ![null, Object.prototype].includes(Object.getPrototypeOf(from) as null)
  )
    return from;
  return Object.fromEntries(Object.entries(from).map(([key, inner]) => [key, real(inner as unknown)])) as T;
}

type Docs = Map<string, Data>;
interface World {
  docs: Docs;
  times: Map<string, Timestamp>;
}

function precondition(world: World, { id: key, guard: kind }: { id: string; guard: string }) {
  const time = world.times.get(key);
  if (kind === 'exists') return { exists: true };
  if (kind === 'current' && time) return { lastUpdateTime: time };
  if (kind === 'outdated' || kind === 'current') return { lastUpdateTime: new Timestamp(5, 0) };
  return undefined;
}

/** What the write does to the model; an error code when it is to be refused. `before` are those of the same commit. */
function foretell(docs: Docs, world: World, op: Operation, before: readonly Operation[]): number | undefined {
  const current = docs.get(op.id);
  if ('data' in op) {
    if (op.kind === 'create' && current) return Status.alreadyExists;
    put(docs, op.id, op.data);
    return undefined;
  }
  const condition = op.kind === 'merge' ? undefined : precondition(world, op);
  if (condition?.lastUpdateTime && !(current && op.guard === 'current' && world.docs.get(op.id) === current))
    return Status.failedPrecondition;
  if ((condition?.exists || (op.kind === 'update' && !condition)) && !current)
    return before.some(({ id }) => id === op.id) ? Status.invalidArgument : Status.notFound;
  if (!('changes' in op)) {
    docs.delete(op.id);
    return undefined;
  }
  let next: Data = current ?? {};
  for (const { path, to } of op.changes)
    if (!isTransform(to)) next = withField(next, path, to === DELETE ? undefined : to);
  for (const { path, to } of op.changes)
    if (isTransform(to)) next = withField(next, path, transformed(fieldAt(next, path), to.transform));
  put(docs, op.id, next);
  return undefined;
}

/** What a write does not change stays the version that it was. */
function put(docs: Docs, key: string, next: Data): void {
  const current = docs.get(key);
  if (!current || show(current) !== show(next)) docs.set(key, next);
}

function isTransform(to: unknown): to is { transform: Transform } {
  return typeof to === 'object' && to !== null && 'transform' in to;
}

function toClient(to: unknown): unknown {
  if (to === DELETE) return FieldValue.delete();
  return isTransform(to) ? fieldValue(to.transform) : to;
}

function write(
  batch: Pick<WriteBatch, 'set' | 'create' | 'update' | 'delete'>,
  ref: DocumentReference,
  world: World,
  op: Operation,
): void {
  if ('data' in op) batch[op.kind](ref, op.data);
  else if (!('changes' in op)) {
    const condition = precondition(world, op);
    if (condition) batch.delete(ref, condition);
    else batch.delete(ref);
  } else if (op.kind === 'merge') {
    let tree: Data = {};
    for (const { path, to } of op.changes) tree = withField(tree, path, toClient(to));
    batch.set(ref, tree, { mergeFields: op.changes.map(({ path }) => path) });
  } else {
    const tree = Object.fromEntries(op.changes.map(({ path, to }) => [path, toClient(to)]));
    const condition = precondition(world, op);
    if (condition) batch.update(ref, tree, condition);
    else batch.update(ref, tree);
  }
}

/** Makes the model know what time the server has put in place. */
function settle(expected: unknown, actual: unknown): unknown {
  if (expected === NOW) return actual instanceof Timestamp ? actual : NOW;
  if (
    typeof expected !== 'object' ||
    expected === null ||
    Object.getPrototypeOf(expected) !== Object.prototype
  )
    return expected;
  return Object.fromEntries(
    Object.entries(expected).map(([key, inner]) => [key, settle(inner, (actual as Data | undefined)?.[key])]),
  );
}

describe('random operations', () => {
  it(
    'leave what the model says, and are refused when it says so',
    async () => {
      const step = fc.record({
        operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
        inTransaction: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
          const things = db.collection(`things-${randomUUID()}`);
          const heard: string[][] = [];
          const listening = Promise.withResolvers<void>();
          let wanted: string | undefined;
          const close = things.onSnapshot((snapshot) => {
            heard.push(snapshot.docs.map((doc) => `${doc.id} ${show(doc.data())}`));
            if (wanted !== undefined && heard.at(-1)!.join() === wanted) listening.resolve();
          }, listening.reject);
          let world: World = { docs: new Map(), times: new Map() };
          try {
            for (const { operations, inTransaction } of real(steps)) {
              const docs = new Map(world.docs);
              const refusal = operations.reduce<number | undefined>(
                (refused, op, at) => refused ?? foretell(docs, world, op, operations.slice(0, at)),
                undefined,
              );
              const outcome = inTransaction
                ? db.runTransaction(async (t) => {
                    await t.getAll(...operations.map((op) => things.doc(op.id)));
                    for (const op of operations)
                      write(t as unknown as WriteBatch, things.doc(op.id), world, op);
                  })
                : operations
                    .reduce((batch, op) => (write(batch, things.doc(op.id), world, op), batch), db.batch())
                    .commit();
              expect(await statusOf(outcome)).toBe(refusal);
              const stored = (await things.get()).docs;
              if (refusal === undefined) {
                const now = new Map(stored.map((doc) => [doc.id, doc.data()]));
                world = {
                  docs: new Map(
                    [...docs].map(([key, expected]) => [
                      key,
                      world.docs.get(key) === expected ? expected : (settle(expected, now.get(key)) as Data),
                    ]),
                  ),
                  times: new Map(stored.map((doc) => [doc.id, doc.updateTime])),
                };
              }
              const expected = [...world.docs]
                .sort(([a], [b]) => compare(a, b))
                .map(([key, fields]) => `${key} ${show(fields)}`);
              expect(stored.map((doc) => `${doc.id} ${show(doc.data())}`)).toEqual(expected);
              wanted = expected.join();
            }
            if (heard.at(-1)?.join() !== wanted) await listening.promise;
          } finally {
            close();
          }
        }),
        { numRuns: Math.ceil(RUNS / 6) },
      );
    },
    PATIENCE_MS,
  );
});

type Condition = {
  path: string;
  op: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not-in' | 'array-contains' | 'array-contains-any';
  operand: unknown;
};
const notNull = scalar.filter((one) => one !== null && !Number.isNaN(one));
const queryPath = fc.constantFrom('a', 'b', 'm.k', 'm');
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    path: queryPath,
    op: fc.constantFrom<Condition['op']>('<', '<=', '>', '>='),
    operand: notNull,
  }),
  fc.record({
    path: queryPath,
    op: fc.constantFrom<Condition['op']>('==', '!=', 'array-contains'),
    operand: notNull,
  }),
  fc.record({
    path: queryPath,
    op: fc.constantFrom<Condition['op']>('in', 'array-contains-any'),
    operand: fc.array(scalar, { minLength: 1, maxLength: 3 }),
  }),
);
const anyRequest = fc.record({
  conditions: fc.array(condition, { maxLength: 3 }),
  either: fc.boolean(),
  excluded: fc.option(fc.array(scalar, { minLength: 1, maxLength: 3 })),
  orders: fc.uniqueArray(fc.record({ path: queryPath, descending: fc.boolean() }), {
    maxLength: 2,
    selector: ({ path }) => path,
  }),
  start: fc.option(
    fc.record({ values: fc.array(scalar, { minLength: 1, maxLength: 2 }), inclusive: fc.boolean() }),
  ),
  end: fc.option(
    fc.record({ values: fc.array(scalar, { minLength: 1, maxLength: 2 }), inclusive: fc.boolean() }),
  ),
  limit: fc.option(fc.integer({ min: 1, max: 4 })),
  toLast: fc.boolean(),
  offset: fc.option(fc.integer({ min: 0, max: 2 })),
});
type Request = typeof anyRequest extends fc.Arbitrary<infer T> ? T : never;
const request = anyRequest.filter(isAllowed);

/** One "!=" to a query and one filter for members of arrays to a disjunction: Firestore refuses the others. */
function isAllowed({ conditions, either }: Request): boolean {
  const haveMany = (...ops: Condition['op'][]) => conditions.filter(({ op }) => ops.includes(op)).length > 1;
  return !haveMany('!=') && (either || !haveMany('array-contains', 'array-contains-any'));
}

interface Order {
  path: string;
  descending: boolean;
}

function satisfies(fields: Data, { path, op, operand }: Condition): boolean {
  const actual = fieldAt(fields, path);
  if (actual === undefined) return false;
  const equals = (other: unknown) => other !== null && !Number.isNaN(other) && compare(actual, other) === 0;
  const contains = (other: unknown) =>
    Array.isArray(actual) &&
    other !== null &&
    !Number.isNaN(other) &&
    actual.some((element) => compare(element, other) === 0);
  const order = compare(actual, operand);
  const sameType = typeName(actual) === typeName(operand);
  switch (op) {
    case '==':
      return order === 0;
    case '!=':
      return actual !== null && order !== 0;
    case '<':
      return sameType && order < 0;
    case '<=':
      return sameType && order <= 0;
    case '>':
      return sameType && order > 0;
    case '>=':
      return sameType && order >= 0;
    case 'in':
      return (operand as unknown[]).some(equals);
    case 'not-in':
      return (
        actual !== null &&
        !(operand as unknown[]).some((other) => other === null || compare(actual, other) === 0)
      );
    case 'array-contains':
      return contains(operand);
    case 'array-contains-any':
      return (operand as unknown[]).some(contains);
  }
}

function typeName(of: unknown): string {
  if (Number.isNaN(of)) return 'NaN';
  return typeof of === 'object' && of !== null
    ? Buffer.isBuffer(of)
      ? 'bytes'
      : of.constructor.name
    : of === null
      ? 'null'
      : typeof of;
}

function allConditions({ conditions, excluded }: Request): {
  conditions: Condition[];
  excluded: Condition | undefined;
} {
  // "not-in" goes with neither "!=" nor "in" nor "array-contains-any", and not under OR.
  const isFree = conditions.every(({ op }) => op !== '!=' && op !== 'in' && op !== 'array-contains-any');
  return {
    conditions,
    excluded: excluded && isFree ? { path: 'b', op: 'not-in', operand: excluded } : undefined,
  };
}

function completeOrders(asked: Request): Order[] {
  const { conditions, excluded } = allConditions(asked);
  const orders: Order[] = [...asked.orders];
  const descending = orders.at(-1)?.descending ?? false;
  const unequal = [...conditions, ...(excluded ? [excluded] : [])].filter(({ op }) =>
    ['<', '<=', '>', '>=', '!=', 'not-in'].includes(op),
  );
  for (const path of [...new Set(unequal.map(({ path: p }) => p))].sort()) {
    if (!orders.some((order) => order.path === path)) orders.push({ path, descending });
  }
  return orders;
}

/** The ids that the query finds, in order. */
function naive(docs: Docs, asked: Request): string[] {
  const { conditions, excluded } = allConditions(asked);
  const orders = completeOrders(asked);
  const direction = orders.at(-1)?.descending ? -1 : 1;
  const matching = [...docs].filter(([, fields]) => {
    const wanted =
      conditions.length === 0 ||
      (asked.either
        ? conditions.some((c) => satisfies(fields, c))
        : conditions.every((c) => satisfies(fields, c)));
    return (
      wanted &&
      (!excluded || satisfies(fields, excluded)) &&
      orders.every(({ path }) => fieldAt(fields, path) !== undefined)
    );
  });
  const place = (fields: Data, count: number) =>
    orders.slice(0, count).map(({ path }) => fieldAt(fields, path));
  const order = (a: unknown[], b: unknown[]) => {
    for (const [at, { descending }] of orders.entries()) {
      if (at >= a.length || at >= b.length) return 0;
      const sign = compareLists([a[at]], [b[at]]) * (descending ? -1 : 1);
      if (sign !== 0) return sign;
    }
    return 0;
  };
  matching.sort(([x, a], [y, b]) => order(place(a, 9), place(b, 9)) || compare(x, y) * direction);
  const { start, end } = cursors(asked);
  const within = matching.filter(([, fields]) => {
    const after = start ? order(place(fields, start.values.length), start.values) : 1;
    const before = end ? order(place(fields, end.values.length), end.values) : -1;
    return (
      (after > 0 || (after === 0 && start!.inclusive)) && (before < 0 || (before === 0 && end!.inclusive))
    );
  });
  const ids = within.map(([key]) => key);
  if (asked.limit !== null && isToLast(asked)) return ids.slice(-asked.limit);
  const offset = asked.offset ?? 0;
  return ids.slice(offset, asked.limit === null ? undefined : offset + asked.limit);
}

/** Cursors only for orders that were asked for: the client knows no others. */
function cursors({ orders, start, end }: Request) {
  const fits = (cursor: Request['start']) =>
    cursor && orders.length >= cursor.values.length ? cursor : undefined;
  return { start: fits(start), end: fits(end) };
}

function isToLast({ limit, toLast, orders, offset }: Request): boolean {
  return toLast && limit !== null && orders.length > 0 && !offset;
}

function toQuery(from: Query, asked: Request): Query {
  const { conditions, excluded } = allConditions(asked);
  const filters = conditions.map(({ path, op, operand }) => Filter.where(path, op, operand));
  let query = from;
  if (filters.length > 0) query = query.where(asked.either ? Filter.or(...filters) : Filter.and(...filters));
  if (excluded) query = query.where(excluded.path, excluded.op, excluded.operand);
  for (const { path, descending } of asked.orders) query = query.orderBy(path, descending ? 'desc' : 'asc');
  const { start, end } = cursors(asked);
  if (start) query = start.inclusive ? query.startAt(...start.values) : query.startAfter(...start.values);
  if (end) query = end.inclusive ? query.endAt(...end.values) : query.endBefore(...end.values);
  if (isToLast(asked)) return query.limitToLast(asked.limit!);
  if (asked.offset !== null) query = query.offset(asked.offset);
  return asked.limit === null ? query : query.limit(asked.limit);
}

describe('random queries', () => {
  it(
    'find what the model finds, whether asked, counted, paged or in a transaction',
    async () => {
      const stored = fc.dictionary(fc.constantFrom('1', '2', '3', '4', '5', '6', '7'), data, {
        minKeys: 2,
        maxKeys: 7,
        noNullPrototype: true,
      });
      await fc.assert(
        fc.asyncProperty(
          stored,
          fc.array(request, { minLength: 1, maxLength: 6 }),
          async (unready, requests) => {
            const docs: Docs = new Map(Object.entries(real(unready)));
            const things = db.collection(`queried-${randomUUID()}`);
            const batch = db.batch();
            for (const [key, fields] of docs) batch.set(things.doc(key), fields);
            await batch.commit();
            for (const asked of requests.map(real)) {
              const query = toQuery(things, asked);
              const expected = naive(docs, asked);
              expect((await query.get()).docs.map((doc) => doc.id)).toEqual(expected);
              expect((await query.select(FieldPath.documentId()).get()).size).toBe(expected.length);
              if (!isToLast(asked)) expect((await query.count().get()).data().count).toBe(expected.length);
              expect(
                await db.runTransaction(async (t) => (await t.get(query)).docs.map((doc) => doc.id)),
              ).toEqual(expected);
            }
          },
        ),
        { numRuns: Math.ceil(RUNS / 6) },
      );
    },
    PATIENCE_MS,
  );
});
