import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Write } from '../src/document/write.ts';
import { Engine } from '../src/engine.ts';
import type { Aggregation } from '../src/query/aggregate.ts';
import { normalizeQuery } from '../src/query/normalize.ts';
import type { Cursor, Filter, Operator, Order, Query, QueryRequest } from '../src/query/query.ts';
import { GeoPoint, Reference, Timestamp, Vector } from '../src/value/types.ts';
import type { MapValue, Value } from '../src/value/types.ts';
import { valueKey } from '../src/value/value-key.ts';
import { decodeFields, encodeFields } from '../src/value/wire.ts';
import { compareValues, naiveQuery } from './support/reference.ts';
import type { Stored } from './support/reference.ts';

const DATABASE = 'projects/p/databases/d';
const RUNS = Number(process.env['MODEL_RUNS'] ?? 300);
const PATIENCE_MS = 30_000 + RUNS * 100;

const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const nearPowers = fc
  .tuple(fc.integer({ min: 50, max: 62 }), fc.bigInt({ min: -3n, max: 3n }))
  .map(([power, by]) => 2n ** BigInt(power) + by);
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(null, true, false, NaN, 0, -0, 0n, 1n, 1, Infinity, -Infinity, ''),
  integer,
  nearPowers,
  nearPowers.map(Number),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.uint8Array({ maxLength: 3 }),
  fc
    .tuple(fc.integer(), fc.integer({ min: 0, max: 999_999 }))
    .map(([s, micros]) => new Timestamp(s, micros * 1000)),
  fc
    .tuple(fc.integer({ min: -90, max: 90 }), fc.integer({ min: -180, max: 180 }))
    .map(([a, b]) => new GeoPoint(a, b)),
  fc
    .array(fc.constantFrom('a', 'b', 'aa'), { minLength: 1, maxLength: 2 })
    .map((ids) => new Reference(`${DATABASE}/documents/${ids.map((id) => `${id}/${id}`).join('/')}`)),
);
const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value; map: MapValue; list: Value[] }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, tie('map'), tie('list')),
  map: fc
    .dictionary(fc.string({ maxLength: 2 }), tie('value'), { maxKeys: 3 })
    .map((object) => new Map(Object.entries(object))),
  list: fc.array(
    tie('value').filter((value) => !Array.isArray(value)),
    { maxLength: 3 },
  ),
})).value;
const withVectors = fc.oneof(
  { weight: 9, arbitrary: anyValue },
  { weight: 1, arbitrary: fc.array(fc.double(), { minLength: 1, maxLength: 3 }).map((v) => new Vector(v)) },
);

describe('keys and bytes of values', () => {
  it('keys order as the values do', () => {
    fc.assert(
      fc.property(withVectors, withVectors, (a, b) => {
        const [x, y] = [valueKey(a), valueKey(b)];
        expect(Math.sign(x < y ? -1 : x > y ? 1 : 0)).toBe(Math.sign(compareValues(a, b)));
      }),
      { numRuns: RUNS * 10 },
    );
  });

  it('no key is the beginning of another', () => {
    fc.assert(
      fc.property(withVectors, withVectors, (a, b) => {
        const [x, y] = [valueKey(a), valueKey(b)];
        expect(x !== y && (x.startsWith(y) || y.startsWith(x))).toBe(false);
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it('bytes give the value back', () => {
    fc.assert(
      fc.property(withVectors, (value) => {
        const fields = new Map([['v', value]]);
        expect(decodeFields(encodeFields(fields))).toEqual(fields);
      }),
      { numRuns: RUNS * 3 },
    );
  });
});

// Few values and names, so that filters find something and orders have ties.
const few: fc.Arbitrary<Value> = fc.constantFrom<Value>(
  null,
  false,
  true,
  NaN,
  1n,
  1,
  2n,
  2.5,
  'a',
  'b',
  new Timestamp(1, 0),
);
const list = fc.array(few, { maxLength: 3 });
const documentFields: fc.Arbitrary<MapValue> = fc
  .record(
    { a: few, b: few, c: list, m: few.map((value): Value => new Map([['k', value]])) },
    { requiredKeys: [] },
  )
  .map((object) => new Map(Object.entries(object) as [string, Value][]));
const path = fc.constantFrom(
  'c/1',
  'c/2',
  'c/3',
  'c/4',
  'c/5',
  'd/1',
  'c/1/c/1',
  'c/1/c/2',
  'd/1/c/1',
  'd/1/c/9',
);
const fieldPath = fc.constantFrom(['a'], ['b'], ['m', 'k'], ['c']);

const operators: Operator[] = [
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'array-contains',
  'array-contains-any',
  'is-nan',
  'is-null',
  'is-not-nan',
  'is-not-null',
];
const fieldFilter: fc.Arbitrary<Filter> = fc
  .tuple(fieldPath, fc.constantFrom(...operators), few, fc.array(few, { minLength: 1, maxLength: 3 }))
  .filter(([, op, value]) => !['==', '!='].includes(op) || (value !== null && !Number.isNaN(value)))
  .map(([p, op, value, values]) => {
    const several = op === 'in' || op === 'array-contains-any';
    return { kind: 'field', path: p, op, value: several ? values : op.startsWith('is-') ? null : value };
  });
const nameFilter: fc.Arbitrary<Filter> = fc
  .tuple(fc.constantFrom<Operator>('==', '<', '>=', '!='), path)
  .map(([op, name]) => ({
    kind: 'field',
    path: ['__name__'],
    op,
    value: new Reference(`${DATABASE}/documents/${name}`),
  }));
const where: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 6, arbitrary: fieldFilter },
    { weight: 1, arbitrary: nameFilter },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom<'and' | 'or'>('and', 'or'),
          fc.array(tie('filter'), { minLength: 1, maxLength: 3 }),
        )
        .map(([kind, filters]): Filter => ({ kind, filters })),
    },
  ),
})).filter;
const orderBy: fc.Arbitrary<Order[]> = fc.uniqueArray(
  fc.record({ path: fieldPath, descending: fc.boolean() }),
  { maxLength: 2, selector: ({ path: p }) => p.join('.') },
);
const cursor: fc.Arbitrary<Cursor> = fc.record({
  values: fc.array(few, { minLength: 1, maxLength: 1 }),
  before: fc.boolean(),
});
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const request: fc.Arbitrary<QueryRequest> = fc
  .record({
    parent: fc.constantFrom('', '', '', 'd/1'),
    allDescendants: fc.boolean(),
    where: optional(where),
    orderBy,
    start: optional(cursor),
    end: optional(cursor),
    offset: fc.constantFrom(0, 0, 0, 1, 2),
    limit: optional(fc.integer({ min: 0, max: 4 })),
  })
  .map(({ parent, allDescendants, where: filter, start, end, limit, ...rest }) => ({
    ...rest,
    database: DATABASE,
    from: { parent, collectionId: 'c', allDescendants },
    ...(filter && { where: filter }),
    ...(start && { start }),
    ...(end && { end }),
    ...(limit !== undefined && { limit }),
  }));

function normalizedOrNothing(raw: QueryRequest): Query | undefined {
  try {
    return normalizeQuery(raw);
  } catch {
    return undefined;
  }
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .array(fc.tuple(path, optional(documentFields)), { minLength: 1, maxLength: 5 })
      .map((writes) => ({ writes })),
  },
  { weight: 4, arbitrary: request.map((query) => ({ query })) },
);

function write([name, fields]: [string, MapValue | undefined]): Write {
  return {
    kind: fields ? 'update' : 'delete',
    path: name,
    fields: fields ?? new Map(),
    transforms: [],
    precondition: {},
  };
}

const counted: Aggregation = { kind: 'count', alias: 'n' };

describe('queries', () => {
  it(
    'return what a plain reading of the rules returns, now and in the past',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
          const database = new Engine().database(DATABASE);
          const model = new Map<string, MapValue>();
          const past: { time: number; documents: Stored[] }[] = [];
          for (const action of steps) {
            if ('writes' in action) {
              const { time } = await database.commit(action.writes.map(write));
              for (const [name, fields] of action.writes) {
                if (fields) model.set(name, fields);
                else model.delete(name);
              }
              past.push({ time, documents: [...model].map(([p, fields]) => ({ path: p, fields })) });
              continue;
            }
            const query = normalizedOrNothing(action.query);
            if (!query) continue;
            for (const { time, documents } of past.slice(-3)) {
              const isNow = past.at(-1)!.time === time;
              const { value } = await database.query(query, isNow ? undefined : { time });
              const expected = naiveQuery(documents, query);
              expect(value.documents.map((document) => document.path)).toEqual(expected);
              const count = await database.aggregate(query, [counted], isNow ? undefined : { time });
              expect(count.value.values.get('n')).toBe(BigInt(expected.length));
            }
          }
          database.close();
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE_MS,
  );
});
