import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AggregateField, FieldPath, FieldValue, Filter, GeoPoint, Timestamp } from '@google-cloud/firestore';
import type { CollectionReference, Firestore, Query } from '@google-cloud/firestore';
import { startTarget, Status, statusOf } from './support/client.ts';
import type { Target } from './support/client.ts';

let target: Target;
let db: Firestore;

beforeAll(async () => {
  target = await startTarget();
  db = target.client();
});
afterAll(() => target.stop());

async function collection(documents: Record<string, object>): Promise<CollectionReference> {
  const made = db.collection(db.collection('x').doc().id);
  const batch = db.batch();
  for (const [id, data] of Object.entries(documents)) batch.set(made.doc(id), data);
  await batch.commit();
  return made;
}

async function ids(query: Query): Promise<string> {
  return (await query.get()).docs.map(({ id }) => id).join(' ');
}

describe('the order of values', () => {
  // In Firestore's order; equal ones share a place.
  const values: unknown[] = [
    null,
    false,
    true,
    NaN,
    -Infinity,
    -1.5,
    -1,
    0,
    5e-324,
    1,
    1.5,
    9007199254740991,
    Infinity,
    Timestamp.fromMillis(-1),
    Timestamp.fromMillis(0),
    new Timestamp(0, 1000),
    '',
    '\u0000',
    'A',
    'a',
    'a\u0000',
    'a\u0001',
    'aa',
    'é',
    '\uffff',
    '😀',
    Buffer.from([]),
    Buffer.from([0]),
    Buffer.from([0, 0]),
    Buffer.from([1]),
    Buffer.from([255]),
    'ref:a/a',
    'ref:a/a/b/c',
    'ref:a/b',
    'ref:b/a',
    new GeoPoint(-1, 5),
    new GeoPoint(0, -5),
    new GeoPoint(0, 5),
    [],
    [null],
    [1],
    [1, 2],
    [2],
    ['a'],
    {},
    { a: 1 },
    { a: 1, b: 1 },
    { a: 2 },
    { b: 0 },
  ];

  it('is the one of Firestore, both ways', async () => {
    const real = values.map((value) =>
      typeof value === 'string' && value.startsWith('ref:') ? db.doc(value.slice(4)) : value,
    );
    const shuffled = real
      .map((v, at) => [`${at}`.padStart(2, '0'), { v }] as const)
      .sort(() => Math.random() - 0.5);
    const made = await collection(Object.fromEntries(shuffled));
    const expected = real.map((_, at) => `${at}`.padStart(2, '0'));
    expect(await ids(made.orderBy('v'))).toBe(expected.join(' '));
    expect(await ids(made.orderBy('v', 'desc'))).toBe(expected.toReversed().join(' '));
  });

  it('numbers are compared exactly across integers and doubles', async () => {
    const precise = target.client();
    precise.settings({ useBigInt: true });
    const made = precise.collection('numbers');
    await made.doc('a').set({ v: 2n ** 53n });
    await made.doc('b').set({ v: 2n ** 53n + 1n });
    await made.doc('c').set({ v: 2 ** 53 + 2 });
    await made.doc('d').set({ v: 2n ** 53n + 3n });
    await made.doc('e').set({ v: 2n ** 63n - 1n });
    await made.doc('f').set({ v: 2 ** 63 });
    expect(await ids(made.orderBy('v'))).toBe('a b c d e f');
    expect(await ids(made.where('v', '>', 2n ** 53n))).toBe('b c d e f');
    expect(await ids(made.where('v', '==', 2 ** 53))).toBe('a');
  });

  it('document names go by segment, numeric ids first', async () => {
    const made = db.collection('names');
    for (const id of ['b', 'a', '__id10__', '__id9__', 'a!', 'aa']) await made.doc(id).set({});
    expect(await ids(made)).toBe('__id9__ __id10__ a a! aa b');
  });
});

describe('filters', () => {
  let made: CollectionReference;
  beforeAll(async () => {
    made = await collection({
      a: { n: 1, s: 'x', tags: ['p', 'q'], m: { k: 1 } },
      b: { n: 2, s: 'y', tags: ['q'], m: { k: 2 } },
      c: { n: 3, s: 'x', tags: [] },
      d: { n: 3.0, s: null },
      e: { n: NaN, s: 'z', tags: [NaN, null] },
      f: { n: '2', s: 'X' },
      g: { other: true },
    });
  });

  it.each<[string, (q: Query) => Query, string]>([
    ['==', (q) => q.where('n', '==', 3), 'c d'],
    ['== null', (q) => q.where('s', '==', null), 'd'],
    ['== NaN', (q) => q.where('n', '==', NaN), 'e'],
    ['!=', (q) => q.where('n', '!=', 3), 'e a b f'],
    ['!= null', (q) => q.where('s', '!=', null), 'f a c b e'],
    ['!= NaN', (q) => q.where('n', '!=', NaN), 'a b c d f'],
    ['!= leaves out null', (q) => q.where('s', '!=', 'x'), 'f b e'],
    ['<', (q) => q.where('n', '<', 3), 'a b'],
    ['<=', (q) => q.where('n', '<=', 3), 'a b c d'],
    ['>', (q) => q.where('n', '>', 1), 'b c d'],
    ['>= of a string', (q) => q.where('n', '>=', ''), 'f'],
    ['a range', (q) => q.where('n', '>', 1).where('n', '<', 3), 'b'],
    ['in', (q) => q.where('n', 'in', [1, 3, '2']), 'a c d f'],
    ['in does not find null and NaN', (q) => q.where('n', 'in', [1, null, NaN]), 'a'],
    ['not-in', (q) => q.where('n', 'not-in', [1, 3]), 'e b f'],
    ['not-in with null finds nothing', (q) => q.where('n', 'not-in', [1, null]), ''],
    ['array-contains', (q) => q.where('tags', 'array-contains', 'q'), 'a b'],
    ['array-contains-any', (q) => q.where('tags', 'array-contains-any', ['p', 'z', null]), 'a'],
    ['a nested field', (q) => q.where('m.k', '>', 1), 'b'],
    ['== of an array', (q) => q.where('tags', '==', ['q']), 'b'],
    ['== of a map', (q) => q.where('m', '==', { k: 1 }), 'a'],
    ['AND', (q) => q.where('s', '==', 'x').where('n', '>=', 2), 'c'],
    ['OR', (q) => q.where(Filter.or(Filter.where('n', '==', 1), Filter.where('s', '==', 'y'))), 'a b'],
    [
      'OR with an order',
      (q) =>
        q.where(Filter.or(Filter.where('n', '==', 1), Filter.where('s', '==', 'y'))).orderBy('n', 'desc'),
      'b a',
    ],
    [
      'OR of ANDs',
      (q) =>
        q.where(
          Filter.or(
            Filter.and(Filter.where('n', '==', 3), Filter.where('s', '==', 'x')),
            Filter.where('n', '==', NaN),
          ),
        ),
      'c e',
    ],
    ['two inequality fields', (q) => q.where('n', '>', 1).where('s', '>', 'w'), 'b c'],
    ['__name__ ==', (q) => q.where(FieldPath.documentId(), '==', 'b'), 'b'],
    [
      '__name__ range',
      (q) => q.where(FieldPath.documentId(), '>', 'b').where(FieldPath.documentId(), '<=', 'd'),
      'c d',
    ],
    ['__name__ in', (q) => q.where(FieldPath.documentId(), 'in', ['f', 'a', 'nope']), 'a f'],
    ['__name__ with another', (q) => q.where('n', '==', 3).where(FieldPath.documentId(), '>', 'c'), 'd'],
  ])('%s', async (_, build, expected) => {
    expect(await ids(build(made))).toBe(expected);
  });

  it('order alone leaves out documents without the field', async () => {
    expect(await ids(made.orderBy('s', 'desc').orderBy('n'))).toBe('e b a c f d');
  });
});

describe('cursors, offset and limit', () => {
  let made: CollectionReference;
  beforeAll(async () => {
    made = await collection({ a: { n: 1 }, b: { n: 2 }, c: { n: 2 }, d: { n: 3 }, e: { n: 4 } });
  });

  it.each<[string, (q: Query) => Query, string]>([
    ['startAt', (q) => q.orderBy('n').startAt(2), 'b c d e'],
    ['startAfter', (q) => q.orderBy('n').startAfter(2), 'd e'],
    ['endAt', (q) => q.orderBy('n').endAt(2), 'a b c'],
    ['endBefore', (q) => q.orderBy('n').endBefore(2), 'a'],
    ['with a name', (q) => q.orderBy('n').orderBy(FieldPath.documentId()).startAfter(2, 'b'), 'c d e'],
    ['descending', (q) => q.orderBy('n', 'desc').startAfter(3), 'c b a'],
    ['offset and limit', (q) => q.orderBy('n').offset(1).limit(2), 'b c'],
    ['limit to last', (q) => q.orderBy('n').limitToLast(2), 'd e'],
    ['limit to last with cursors', (q) => q.orderBy('n').startAt(2).endBefore(4).limitToLast(2), 'c d'],
    ['limit without order', (q) => q.limit(3), 'a b c'],
    ['limit 0', (q) => q.limit(0), ''],
  ])('%s', async (_, build, expected) => {
    expect(await ids(build(made))).toBe(expected);
  });

  it('startAfter a document', async () => {
    const c = await made.doc('c').get();
    expect(await ids(made.orderBy('n').startAfter(c))).toBe('d e');
    expect(await ids(made.where('n', '>=', 2).startAt(c))).toBe('c d e');
  });
});

describe('the rest of a query', () => {
  it('select returns the chosen fields', async () => {
    const made = await collection({ a: { x: 1, y: { z: 2, w: 3 } } });
    expect((await made.select('x', 'y.z').get()).docs[0]!.data()).toEqual({ x: 1, y: { z: 2 } });
    expect((await made.select().get()).docs[0]!.data()).toEqual({});
  });

  it('collection groups find all collections of a name, below a document too', async () => {
    const group = `z${db.collection('g').doc().id}`;
    for (const path of [`a/1/${group}/x`, `b/2/${group}/y`, `${group}/z`, `a/1/other/w`])
      await db.doc(path).set({ v: path.length });
    expect(await ids(db.collectionGroup(group))).toBe('x y z');
    expect(await ids(db.collectionGroup(group).orderBy('v', 'desc').limit(1))).toMatch(/[xy]/);
  });

  it('aggregates', async () => {
    const made = await collection({
      a: { n: 1, m: 1 },
      b: { n: 2.5, m: 1 },
      c: { n: 'x', m: 1 },
      d: { m: 1 },
    });
    const count = await made.where('m', '==', 1).count().get();
    expect(count.data()).toEqual({ count: 4 });
    const all = await made
      .aggregate({
        sum: AggregateField.sum('n'),
        avg: AggregateField.average('n'),
        count: AggregateField.count(),
      })
      .get();
    expect(all.data()).toEqual({ sum: 3.5, avg: 1.75, count: 3 });
    const none = await made
      .where('n', '>', 99)
      .aggregate({ sum: AggregateField.sum('n'), avg: AggregateField.average('n') })
      .get();
    expect(none.data()).toEqual({ sum: 0, avg: null });
  });

  it('aggregates the first results, in the order of the aggregated fields unless another is asked for', async () => {
    const made = await collection({
      a: { n: 7, m: 1 },
      b: { n: 2, m: 3 },
      c: { n: 5, m: 2 },
      d: { m: 0 },
      e: { n: 1, m: 9 },
    });
    const sums = async (query: Query) =>
      (await query.aggregate({ n: AggregateField.sum('n'), m: AggregateField.sum('m') }).get()).data();
    // Both by m first: its name is the first of the two.
    expect(await sums(made.limit(2))).toEqual({ n: 12, m: 3 });
    expect(await sums(made.offset(2))).toEqual({ n: 3, m: 12 });
    expect(await sums(made.orderBy('n').limit(2))).toEqual({ n: 3, m: 12 });
    expect(await sums(made.where('n', '>', 1).limit(2))).toEqual({ n: 7, m: 5 });
    const least = await made
      .limit(2)
      .aggregate({ n: AggregateField.sum('n') })
      .get();
    expect(least.data()).toEqual({ n: 3 });
  });

  it('aggregates nothing in the order of names: no index has a field after the name', async () => {
    const made = await collection({ a: { n: 7 }, b: { n: 2 } });
    const name = FieldPath.documentId();
    const sum = (query: Query) => query.aggregate({ n: AggregateField.sum('n') }).get();
    const queries = [
      made.orderBy(name),
      made.where('n', '==', 7).orderBy(name),
      made.where(name, '>', 'a'),
      made.startAfter(await made.doc('a').get()),
    ];
    for (const query of queries) {
      await expect(sum(query)).rejects.toMatchObject({
        code: Status.invalidArgument,
        message: expect.stringMatching(/after __name__/) as unknown,
      });
      expect((await query.count().get()).data().count).toBeLessThanOrEqual(2);
    }
    expect((await sum(made.orderBy('n').orderBy(name))).data()).toEqual({ n: 9 });
  });

  it('reads at a past time', async () => {
    const made = await collection({ a: { n: 1 } });
    const { readTime } = await made.get();
    await made.doc('a').set({ n: 2 });
    await made.doc('b').set({ n: 1 });
    const past = await db.runTransaction(
      async (t) => (await t.get(made.where('n', '==', 1))).docs.map((d) => d.id),
      { readOnly: true, readTime },
    );
    expect(past).toEqual(['a']);
    expect(await ids(made.where('n', '==', 1))).toBe('b');
  });

  it('refuses what Firestore refuses', async () => {
    const made = await collection({});
    const many = Array.from({ length: 31 }, (_, at) => at);
    expect(await statusOf(made.where('n', 'in', many).get())).toBe(Status.invalidArgument);
    expect(
      await statusOf(made.where('a', 'in', many.slice(0, 6)).where('b', 'in', many.slice(0, 6)).get()),
    ).toBe(Status.invalidArgument);
    expect(await statusOf(made.where('n', 'not-in', many.slice(0, 11)).get())).toBe(Status.invalidArgument);
  });

  const where = (...args: Parameters<typeof Filter.where>) => Filter.where(...args);
  const and = (...filters: Filter[]) => Filter.and(...filters);
  const or = (...filters: Filter[]) => Filter.or(...filters);
  const name = FieldPath.documentId();
  it.each<[string, (q: CollectionReference) => Query, RegExp]>([
    ['two "!="', (q) => q.where('a', '!=', 1).where('b', '!=', 1), /only one/],
    ['"!=" and not null', (q) => q.where('a', '!=', 1).where('b', '!=', null), /only one/],
    ['"!=" in each alternative', (q) => q.where(or(where('a', '!=', 1), where('b', '!=', 1))), /only one/],
    [
      'two "array-contains"',
      (q) => q.where('a', 'array-contains', 1).where('b', 'array-contains', 1),
      /array-contains/,
    ],
    [
      '"array-contains" with "array-contains-any"',
      (q) => q.where(and(where('a', 'array-contains', 1), where('a', 'array-contains-any', [2]))),
      /array-contains/,
    ],
    ['a name and an inequality', (q) => q.where(name, '==', 'x').where('a', '>', 1), /Equality on __name__/],
    ['names and an inequality', (q) => q.where(or(where(name, 'in', ['x']), where('a', '>', 1))), /Equality/],
    ['an order after the name', (q) => q.orderBy(name).orderBy('a'), /put a before it/],
    ['an inequality after the name', (q) => q.where('a', '>', 1).orderBy('b').orderBy(name), /put a before/],
  ])('refuses %s', async (_, build, message) => {
    await expect(build(db.collection('things')).get()).rejects.toMatchObject({
      code: Status.invalidArgument,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it.each<[string, (q: CollectionReference) => Query, string]>([
    ['members in alternatives', (q) => q.where(or(has('t', 1), has('t', 3))), 'a b'],
    ['a name and an equality', (q) => q.where(name, '==', 'a').where('n', '==', 1), 'a'],
    ['a name and inequalities, of the name too', (q) => q.where(name, '>', 'a').where('n', '>', 0), 'b'],
    ['a name and an order', (q) => q.where(name, 'in', ['a', 'b']).orderBy('n', 'desc'), 'b a'],
    ['arrays among the values of "in"', (q) => q.where('t', 'in', [7, [3, 4]]), 'b'],
    ['arrays among the values of "not-in"', (q) => q.where('t', 'not-in', [[3, 4]]), 'a'],
    ['arrays in an array', (q) => q.where('t', 'array-contains', [3]), ''],
  ])('takes %s', async (_, build, expected) => {
    const made = await collection({ a: { n: 1, t: [1, 2] }, b: { n: 2, t: [3, 4] } });
    expect(await ids(build(made))).toBe(expected);
  });

  function has(field: string, member: number): Filter {
    return where(field, 'array-contains', member);
  }
});

describe('partitions of a collection group', () => {
  it('together hold every document once', async () => {
    const group = `z${db.collection('g').doc().id}`;
    const batch = db.batch();
    for (let n = 0; n < 50; n++) batch.set(db.doc(`a/${n % 7}/${group}/${n}`), { n });
    await batch.commit();
    const found: number[] = [];
    let parts = 0;
    for await (const partition of db.collectionGroup(group).getPartitions(4)) {
      parts++;
      found.push(...(await partition.toQuery().get()).docs.map((d) => d.get('n') as number));
    }
    expect(parts).toBe(4);
    expect(found.sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
  });
});

describe('explain', () => {
  it('names the index, and with analyze the cost', async () => {
    const made = await collection(
      Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`d${n}`, { a: n % 3, b: n }])),
    );
    const query = made.where('a', '==', 1).orderBy('b', 'desc').limit(2);
    const planned = await query.explain({ analyze: false });
    expect(planned.metrics.planSummary.indexesUsed).toEqual([
      { query_scope: 'Collection', properties: '(a ASC, b DESC, __name__ DESC)' },
    ]);
    expect(planned.snapshot).toBeNull();
    const { metrics, snapshot } = await query.explain({ analyze: true });
    expect(snapshot!.size).toBe(2);
    expect(metrics.executionStats).toMatchObject({
      resultsReturned: 2,
      readOperations: 2,
      debugStats: {
        documents_scanned: '2',
        index_entries_scanned: '2',
        billing_details: { documents_billable: '2', index_entries_billable: '0', min_query_cost: '0' },
      },
    });
    const streamed: unknown[] = [];
    for await (const each of query.explainStream({ analyze: true })) streamed.push(each);
    expect(streamed).toHaveLength(2);
    expect(streamed.at(-1)).toMatchObject({ document: { id: 'd25' }, metrics: { executionStats: {} } });
    const none = await made.where('a', '==', 5).explain({ analyze: true });
    expect(none.snapshot!.size).toBe(0);
    expect(none.metrics.executionStats).toMatchObject({
      resultsReturned: 0,
      readOperations: 1,
      debugStats: { billing_details: { min_query_cost: '1' } },
    });
    const counted = await made.where('a', '==', 1).count().explain({ analyze: true });
    expect(counted.snapshot!.data()).toEqual({ count: 10 });
    expect(counted.metrics.executionStats).toMatchObject({
      readOperations: 1,
      debugStats: { billing_details: { documents_billable: '0', index_entries_billable: '10' } },
    });
  });
});

describe('nearest vectors', () => {
  let made: CollectionReference;
  beforeAll(async () => {
    made = await collection({
      a: { v: FieldValue.vector([1, 0]), kind: 1 },
      b: { v: FieldValue.vector([0, 3]), kind: 1 },
      c: { v: FieldValue.vector([2, 2]), kind: 2 },
      other: { v: FieldValue.vector([1, 2, 3]), kind: 1 },
      none: { kind: 1 },
    });
  });

  it.each<['EUCLIDEAN' | 'COSINE' | 'DOT_PRODUCT', string]>([
    ['EUCLIDEAN', 'a c b'],
    ['COSINE', 'a c b'],
    ['DOT_PRODUCT', 'c a b'],
  ])('by %s', async (distanceMeasure, expected) => {
    const query = made.findNearest({ vectorField: 'v', queryVector: [1, 0.1], limit: 5, distanceMeasure });
    expect((await query.get()).docs.map(({ id }) => id).join(' ')).toBe(expected);
  });

  it('with a filter, a threshold and the distance', async () => {
    const near = { vectorField: 'v', queryVector: [0, 0], limit: 5, distanceMeasure: 'EUCLIDEAN' as const };
    const query = made
      .where('kind', '==', 1)
      .findNearest({ ...near, distanceThreshold: 2, distanceResultField: 'd' });
    expect((await query.get()).docs.map((doc) => [doc.id, doc.get('d') as number])).toEqual([['a', 1]]);
  });
});
