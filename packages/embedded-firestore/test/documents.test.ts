import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FieldPath, FieldValue, GeoPoint, Timestamp } from '@google-cloud/firestore';
import type { CollectionReference, Firestore, Query } from '@google-cloud/firestore';
import { databaseName, startTarget, Status, statusOf } from './support/client.ts';
import type { Target } from './support/client.ts';

let target: Target;
let db: Firestore;

beforeAll(async () => {
  target = await startTarget();
  db = target.client();
});
afterAll(() => target.stop());

const fresh = () => db.collection('things').doc();

describe('values', () => {
  it('come back as they were stored', async () => {
    const ref = fresh();
    const data = {
      null: null,
      yes: true,
      integer: 42,
      double: 1.5,
      negativeZero: -0,
      nan: NaN,
      infinity: -Infinity,
      string: 'grüße 👋 \u0000 ﬀ',
      empty: '',
      bytes: Buffer.from([0, 255, 1]),
      time: new Timestamp(-1, 123_456_000),
      geo: new GeoPoint(-90, 180),
      reference: db.doc('a/b'),
      array: [1, 'x', { y: [2] }],
      map: { 'a.b': 1, '': undefined, nested: {} },
      vector: FieldValue.vector([1, 2.5]),
    };
    delete (data.map as Record<string, unknown>)[''];
    await ref.set(data);
    const stored = (await ref.get()).data()!;
    expect(stored).toEqual(data);
    expect(Object.is(stored['negativeZero'], -0)).toBe(true);
  });

  it('keep integers exact beyond 2^53', async () => {
    const precise = target.client();
    precise.settings({ useBigInt: true });
    const ref = precise.doc('a/big');
    await ref.set({ max: 2n ** 63n - 1n, min: -(2n ** 63n), odd: 2n ** 53n + 1n });
    expect((await ref.get()).data()).toEqual({ max: 2n ** 63n - 1n, min: -(2n ** 63n), odd: 2n ** 53n + 1n });
  });

  it('lose nanoseconds below the microsecond', async () => {
    const ref = fresh();
    await ref.set({ at: new Timestamp(10, 123_456_789) });
    expect((await ref.get()).get('at')).toEqual(new Timestamp(10, 123_456_000));
  });
});

describe('writes', () => {
  it('create refuses an existing document', async () => {
    const ref = fresh();
    await ref.create({ a: 1 });
    expect(await statusOf(ref.create({ a: 2 }))).toBe(Status.alreadyExists);
    expect((await ref.get()).data()).toEqual({ a: 1 });
  });

  it('update changes the named fields only, and needs the document', async () => {
    const ref = fresh();
    expect(await statusOf(ref.update({ a: 1 }))).toBe(Status.notFound);
    await ref.set({ a: 1, b: { c: 2, d: 3 }, e: 5 });
    await ref.update({ 'b.c': 20, e: FieldValue.delete() });
    await ref.update(new FieldPath('odd.name', '`x`'), 'y');
    expect((await ref.get()).data()).toEqual({ a: 1, b: { c: 20, d: 3 }, 'odd.name': { '`x`': 'y' } });
  });

  it('set replaces, set with merge merges', async () => {
    const ref = fresh();
    await ref.set({ a: 1, b: { c: 2 } });
    await ref.set({ b: { d: 3 } }, { merge: true });
    expect((await ref.get()).data()).toEqual({ a: 1, b: { c: 2, d: 3 } });
    await ref.set({ a: 9, b: { e: 9 } }, { mergeFields: ['b.e'] });
    expect((await ref.get()).data()).toEqual({ a: 1, b: { c: 2, d: 3, e: 9 } });
    await ref.set({ z: 1 });
    expect((await ref.get()).data()).toEqual({ z: 1 });
    await ref.set({}, { merge: true });
    expect((await ref.get()).data()).toEqual({ z: 1 });
  });

  it('set with an empty merge makes the document', async () => {
    const ref = fresh();
    await ref.set({}, { merge: true });
    expect((await ref.get()).exists).toBe(true);
  });

  it('delete works without a document, and honours preconditions', async () => {
    const ref = fresh();
    await ref.delete();
    await expect(ref.delete({ exists: true })).rejects.toMatchObject({
      code: Status.notFound,
      message: expect.stringContaining('No document to update') as unknown,
    });
    const { writeTime } = await ref.set({ a: 1 });
    await ref.set({ a: 2 });
    expect(await statusOf(ref.delete({ lastUpdateTime: writeTime }))).toBe(Status.failedPrecondition);
    expect(await statusOf(ref.update({ a: 3 }, { lastUpdateTime: writeTime }))).toBe(
      Status.failedPrecondition,
    );
    await ref.delete({ lastUpdateTime: (await ref.get()).updateTime! });
    expect((await ref.get()).exists).toBe(false);
  });

  it('a mask may name a field, the same again and a part of it', async () => {
    const ref = fresh();
    await ref.set({ kept: 1, owner: { name: 'a', mail: 'b' }, gone: { too: 1 } });
    const database = databaseName(db);
    const name = `${database}/documents/${ref.path}`;
    const fields = { owner: { mapValue: { fields: { name: { stringValue: 'c' } } } } };
    const updateMask = { fieldPaths: ['owner.name', 'owner', 'owner', 'gone', 'gone.too'] };
    await commit({ update: { name, fields }, updateMask });
    expect((await ref.get()).data()).toEqual({ kept: 1, owner: { name: 'c' } });
  });

  it('an update time later than that of the document is refused as one that cannot be', async () => {
    const ref = fresh();
    const { seconds, nanoseconds } = (await ref.set({ a: 1 })).writeTime;
    const guardedBy = (lastUpdateTime: Timestamp) => statusOf(ref.update({ a: 2 }, { lastUpdateTime }));
    expect(await guardedBy(new Timestamp(seconds + 3_600, nanoseconds))).toBe(Status.invalidArgument);
    expect(await guardedBy(new Timestamp(seconds - 3_600, nanoseconds))).toBe(Status.failedPrecondition);
    await ref.delete();
    expect(await guardedBy(new Timestamp(seconds + 3_600, nanoseconds))).toBe(Status.failedPrecondition);
  });

  it('keep create time, move update time only when something changes', async () => {
    const ref = fresh();
    const first = await ref.set({ a: 1 });
    const same = await ref.set({ a: 1 });
    expect(same.writeTime).toEqual(first.writeTime);
    await ref.set({ a: 2 });
    const { createTime, updateTime } = await ref.get();
    expect(createTime).toEqual(first.writeTime);
    expect(updateTime!.valueOf() > createTime!.valueOf()).toBe(true);
  });

  it('a batch is all or nothing', async () => {
    const [a, b] = [fresh(), fresh()];
    const batch = db.batch();
    batch.set(a, { x: 1 });
    batch.create(b, { x: 1 });
    await b.set({ there: true });
    expect(await statusOf(batch.commit())).toBe(Status.alreadyExists);
    expect((await a.get()).exists).toBe(false);
  });

  it('several writes to one document in a batch follow each other', async () => {
    const ref = fresh();
    const batch = db.batch();
    batch.set(ref, { n: 1 });
    batch.update(ref, { n: FieldValue.increment(5) });
    batch.update(ref, { m: 1 });
    await batch.commit();
    expect((await ref.get()).data()).toEqual({ n: 6, m: 1 });
  });
});

describe('transforms', () => {
  it('add to numbers', async () => {
    const ref = fresh();
    await ref.set({ integer: 1, text: 'x' });
    await ref.update({
      integer: FieldValue.increment(2),
      made: FieldValue.increment(1.5),
      text: FieldValue.increment(7),
      'deep.er': FieldValue.increment(1),
    });
    expect((await ref.get()).data()).toEqual({ integer: 3, made: 1.5, text: 7, deep: { er: 1 } });
  });

  it('change arrays as sets', async () => {
    const ref = fresh();
    await ref.set({ a: [1, 2, 2, { x: 1 }], other: 'no array' });
    await ref.update({ a: FieldValue.arrayUnion(2, 3, 3, { x: 1 }), other: FieldValue.arrayUnion('x') });
    expect((await ref.get()).data()).toEqual({ a: [1, 2, 2, { x: 1 }, 3], other: ['x'] });
    await ref.update({ a: FieldValue.arrayRemove(2, { x: 1 }), other: FieldValue.arrayRemove('y') });
    expect((await ref.get()).data()).toEqual({ a: [1, 3], other: ['x'] });
  });

  it('set the time of the commit', async () => {
    const ref = fresh();
    const { writeTime } = await ref.set({
      at: FieldValue.serverTimestamp(),
      deep: { at: FieldValue.serverTimestamp() },
    });
    expect((await ref.get()).data()).toEqual({ at: writeTime, deep: { at: writeTime } });
  });

  it('maximum and minimum, which the client has no method for', async () => {
    const ref = fresh();
    await ref.set({ max: 5, min: 5, zero: 0 });
    await commitTransforms(ref.path, [
      { fieldPath: 'max', maximum: { integerValue: 7 } },
      { fieldPath: 'min', minimum: { doubleValue: 4.5 } },
      { fieldPath: 'zero', maximum: { doubleValue: -0 } },
    ]);
    expect((await ref.get()).data()).toEqual({ max: 7, min: 4.5, zero: 0 });
  });

  it('of one field are applied in order', async () => {
    const ref = fresh();
    await commitTransforms(ref.path, [
      { fieldPath: 'n', increment: { integerValue: 1 } },
      { fieldPath: 'n', increment: { integerValue: 2 } },
    ]);
    expect((await ref.get()).data()).toEqual({ n: 3 });
    const within = [
      { fieldPath: 'm', increment: { integerValue: 1 } },
      { fieldPath: 'm.a', increment: { integerValue: 1 } },
    ];
    expect(await statusOf(commitTransforms(ref.path, within))).toBe(Status.invalidArgument);
  });

  it.each(['appendMissingElements', 'removeAllFromArray'])('%s takes no arrays', async (kind) => {
    const ref = fresh();
    await ref.set({ a: [1] });
    const nested = { values: [{ arrayValue: { values: [{ integerValue: 1 }] } }] };
    await expect(commitTransforms(ref.path, [{ fieldPath: 'a', [kind]: nested }])).rejects.toMatchObject({
      code: Status.invalidArgument,
      message: expect.stringMatching(/array value in an array/) as unknown,
    });
  });
});

async function commitTransforms(path: string, updateTransforms: object[]): Promise<void> {
  const name = `${databaseName(db)}/documents/${path}`;
  await commit({ update: { name }, updateMask: { fieldPaths: [] }, updateTransforms });
}

async function commit(write: object): Promise<void> {
  const database = databaseName(db);
  type Requester = { request(method: string, request: object, tag: string): Promise<unknown> };
  await (db as unknown as Requester).request('commit', { database, writes: [write] }, 'test');
}

describe('reads', () => {
  it('getAll returns found and missing in order, with a mask', async () => {
    const [a, b, missing] = [fresh(), fresh(), fresh()];
    await Promise.all([a.set({ x: 1, y: { z: 2, w: 3 } }), b.set({ x: 2 })]);
    const all = await db.getAll(b, missing, a, { fieldMask: ['x', 'y.z'] });
    expect(all.map((snapshot) => snapshot.data())).toEqual([{ x: 2 }, undefined, { x: 1, y: { z: 2 } }]);
  });

  it('lists documents with missing ancestors, and collections', async () => {
    const root = fresh();
    await root.collection('list').doc('b').set({});
    await root.collection('list').doc('a').collection('sub').doc('x').set({});
    await root.collection('other').doc('o').set({});
    expect((await root.collection('list').listDocuments()).map((ref) => ref.id)).toEqual(['a', 'b']);
    expect((await root.listCollections()).map((ref) => ref.id)).toEqual(['list', 'other']);
    expect((await root.collection('list').doc('a').get()).exists).toBe(false);
  });

  it('lists more than a page', async () => {
    const parent = fresh().collection('many');
    const writer = db.bulkWriter();
    for (let i = 0; i < 700; i++) void writer.set(parent.doc(String(i).padStart(4, '0')), { i });
    await writer.close();
    const listed = await parent.listDocuments();
    expect(listed.map((ref) => Number(ref.id))).toEqual([...Array(700).keys()]);
  });
});

describe('limits', () => {
  const zeros = Array<number>(70_000).fill(0);

  it('field names of underscores alone are allowed', async () => {
    const ref = fresh();
    await ref.set({ __: 1, ____: 2, m: { ____: 3 } });
    expect((await ref.get()).data()).toEqual({ __: 1, ____: 2, m: { ____: 3 } });
    expect(await statusOf(ref.set({ _____: 1 }))).toBe(Status.invalidArgument);
  });

  it.each([
    ['a document over 1 MiB', { a: 'x'.repeat(600_000), b: 'x'.repeat(600_000) }],
    ['a field value over 1 MiB less 89 bytes', { a: 'x'.repeat(1_048_487) }],
    ['a document over 1 MiB that is half of it on the wire', { a: zeros, b: zeros }],
    ['a reserved field name', { __a__: 1 }],
    ['a field name over 1,500 bytes', { ['x'.repeat(1_501)]: 1 }],
    ['a field path over 1,500 bytes', { ['x'.repeat(1_000)]: { ['x'.repeat(500)]: 1 } }],
    ['an array in an array', { a: [[1]] }],
    ['an array in an array further down', { a: [{ b: { c: [1, [2]] } }] }],
  ])('%s is refused', async (_, data) => {
    expect(await statusOf(fresh().set(data))).toBe(Status.invalidArgument);
  });

  it('a field path of 1,500 bytes is fine, in a mask as well', async () => {
    const path = ['x'.repeat(1_000), 'x'.repeat(499)];
    const ref = fresh();
    await ref.set({ [path[0]!]: { [path[1]!]: 1 } });
    await ref.update(new FieldPath(...path), 2);
    expect((await ref.get()).get(new FieldPath(...path))).toBe(2);
    expect(await statusOf(ref.update(new FieldPath(...path, 'y'), 2))).toBe(Status.invalidArgument);
  });

  it('20 levels are fine, for queries and changes as well', async () => {
    const ref = db.collection(fresh().id).doc('a');
    await ref.parent.where('a', '==', 1).get();
    await ref.set(nested(20));
    await ref.update('b', 1);
    const { docs } = await ref.parent.where('a', '==', nested(19)).where('b', '==', 1).get();
    expect(docs).toHaveLength(1);
    await ref.delete();
  });

  it('21 levels are refused, whatever makes them', async () => {
    const ref = fresh();
    const path = (levels: number) =>
      Array<string>(levels + 1)
        .fill('a')
        .join('.');
    const one = { integerValue: 1 };
    await commitTransforms(ref.path, [{ fieldPath: path(20), increment: one }]);
    const deeper = commitTransforms(ref.path, [{ fieldPath: path(21), increment: one }]);
    expect(await statusOf(deeper)).toBe(Status.invalidArgument);
    const list = { fieldPath: path(20), appendMissingElements: { values: [one] } };
    expect(await statusOf(commitTransforms(ref.path, [list]))).toBe(Status.invalidArgument);
    await ref.update('b', 1);
  });

  it('100 collections deep are fine, one more is refused', async () => {
    const deep = (collections: number) => db.doc(Array<string>(collections).fill('c/d').join('/'));
    await deep(100).set({});
    expect(await statusOf(deep(101).set({}))).toBe(Status.invalidArgument);
  });

  it('an id of four underscores is fine', async () => {
    expect(await statusOf(fresh().collection('c').doc('____').set({}))).toBeUndefined();
  });

  it.each(['__reserved__', '_____', 'x'.repeat(1_501)])(
    'an id that is not allowed is refused (%#)',
    async (id) => {
      expect(await statusOf(db.collection('c').doc(id).set({}))).toBe(Status.invalidArgument);
    },
  );
});

/** A field that holds this many maps, one in the other. */
function nested(levels: number): Record<string, unknown> {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return { a: value };
}

describe('of strings and bytes over 1,500 bytes', () => {
  const common = 'x'.repeat(1_499);
  const texts = { a: `${common}1-b`, b: `${common}1-a`, c: `${common}2` };
  let made: CollectionReference;
  const idsOf = async (query: Query) => (await query.get()).docs.map(({ id }) => id);

  beforeAll(async () => {
    made = db.collection(fresh().id);
    for (const [id, text] of Object.entries(texts))
      await made.doc(id).set({ text, data: Buffer.from(text), list: [text], map: { text } });
  });

  it('all is stored', async () => {
    expect((await made.doc('a').get()).get('text')).toBe(texts.a);
  });

  it.each<[string, unknown]>([
    ['text', texts.b],
    ['data', Buffer.from(texts.b)],
    ['map', { text: texts.b }],
    ['list', [texts.b]],
  ])('queries on %s consider the first 1,500 only', async (field, value) => {
    expect(await idsOf(made.where(field, '==', value))).toEqual(['a', 'b']);
    expect(await idsOf(made.where(field, '>', value))).toEqual(['c']);
    expect(await idsOf(made.where(field, '!=', value))).toEqual(['c']);
    expect(await idsOf(made.where(field, 'in', [value]).where('none', '==', 1))).toEqual([]);
    expect(await idsOf(made.orderBy(field))).toEqual(['a', 'b', 'c']);
    expect(await idsOf(made.orderBy(field).startAfter(value))).toEqual(['c']);
  });

  it('so do filters that no index serves, and listeners', async () => {
    const both = made.where('list', 'array-contains', texts.b).where('text', '<', texts.c);
    expect(await idsOf(both.where('data', '!=', Buffer.from(texts.c)))).toEqual(['a', 'b']);
    const { promise, resolve } = Promise.withResolvers<string[]>();
    const stop = both.onSnapshot(({ docs }) => resolve(docs.map(({ id }) => id)));
    expect(await promise).toEqual(['a', 'b']);
    stop();
  });

  it('a character that is cut in two is still a beginning', async () => {
    const ref = fresh();
    const text = `${common}\u{1f600}`;
    await ref.set({ text });
    const query = db.collection(ref.parent.id).where('text', '==', text);
    expect(await idsOf(query)).toEqual([ref.id]);
    expect(await idsOf(query.where('text', '>=', `${common}\uffff`))).toEqual([ref.id]);
  });

  it('transforms of arrays look at all', async () => {
    const ref = fresh();
    await ref.set({ list: [texts.a] });
    await ref.update({ list: FieldValue.arrayUnion(texts.b) });
    expect((await ref.get()).get('list')).toEqual([texts.a, texts.b]);
    await ref.update({ list: FieldValue.arrayRemove(texts.a) });
    expect((await ref.get()).get('list')).toEqual([texts.b]);
  });
});

describe('BulkWriter', () => {
  it('tells the outcome of each write', async () => {
    const taken = fresh();
    await taken.set({});
    const writer = db.bulkWriter();
    writer.onWriteError(() => false);
    const made = writer.create(fresh(), { a: 1 });
    const refused = statusOf(writer.create(taken, { a: 1 }));
    await writer.close();
    await expect(made).resolves.toHaveProperty('writeTime');
    expect(await refused).toBe(Status.alreadyExists);
  });

  it('recursive delete leaves nothing', async () => {
    const root = fresh();
    await root.set({});
    await root.collection('a').doc('b').collection('c').doc('d').set({});
    await root.collection('a').doc('e').set({});
    const beside = db.doc(`${root.path}x/a/b`);
    await beside.set({});
    await db.recursiveDelete(root);
    expect(await root.listCollections()).toEqual([]);
    expect((await root.get()).exists).toBe(false);
    expect((await beside.get()).exists).toBe(true);
  });
});
