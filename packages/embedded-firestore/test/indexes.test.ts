import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateField, FieldPath, Filter, Firestore } from '@google-cloud/firestore';
import type { Query } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { Status, statusOf } from './support/client.ts';

let directory: string;
let server: EmbeddedFirestore;
let db: Firestore;
const file = () => join(directory, 'firestore.indexes.json');

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-firestore-'));
  const ascending = (fieldPath: string) => ({ fieldPath, order: 'ASCENDING' });
  const declare = (...fields: object[]) => ({
    collectionGroup: 'declared',
    queryScope: 'COLLECTION',
    fields,
  });
  writeFileSync(
    file(),
    JSON.stringify({
      indexes: [
        declare(ascending('a'), ascending('b')),
        declare(ascending('c'), ascending('b')),
        declare(ascending('x'), { fieldPath: 'y', order: 'DESCENDING' }),
        ...[[], [ascending('a')], [ascending('c')]].map((fields) => ({
          ...declare(...fields, { fieldPath: 'v', vectorConfig: { dimension: 2, flat: {} } }),
          collectionGroup: 'vectors',
        })),
      ],
      fieldOverrides: [
        {
          collectionGroup: 'grouped',
          fieldPath: 'a',
          indexes: [{ order: 'ASCENDING', queryScope: 'COLLECTION_GROUP' }],
        },
      ],
    }),
  );
  server = await startEmbeddedFirestore({ indexes: 'strict', indexFile: file() });
  db = new Firestore({ projectId: 'demo', host: server.address, ssl: false });
});
afterAll(async () => {
  await db.terminate();
  await server.close();
  rmSync(directory, { recursive: true });
});

describe('no declaration is needed for', () => {
  it.each<[string, (q: Query) => Query]>([
    ['nothing', (q) => q],
    ['equalities', (q) => q.where('a', '==', 1).where('b', '==', 2).where('c', 'array-contains', 3)],
    ['a range', (q) => q.where('a', '>', 1).where('a', '<', 5).orderBy('a', 'desc')],
    ['an order', (q) => q.orderBy('a', 'desc')],
    ['in', (q) => q.where('a', 'in', [1, 2])],
    ['OR of equalities', (q) => q.where(Filter.or(Filter.where('a', '==', 1), Filter.where('b', '==', 2)))],
    ['an order by name', (q) => q.where('a', '==', 1).orderBy(FieldPath.documentId())],
    [
      'names backwards with an equality',
      (q) => q.where('a', '==', 1).orderBy(FieldPath.documentId(), 'desc'),
    ],
    [
      'names that are given',
      (q) => q.where(FieldPath.documentId(), 'in', ['a', 'b']).orderBy(FieldPath.documentId(), 'desc'),
    ],
  ])('%s', async (_, build) => {
    expect(await statusOf(build(db.collection('free')).get())).toBeUndefined();
  });
});

describe('a declaration is needed for', () => {
  it.each<[string, (q: Query) => Query, string]>([
    ['equality and range', (q) => q.where('a', '==', 1).where('b', '>', 2), 'a ASCENDING, b ASCENDING'],
    ['equality and order', (q) => q.where('a', '==', 1).orderBy('b', 'desc'), 'a ASCENDING, b DESCENDING'],
    ['names backwards', (q) => q.orderBy(FieldPath.documentId(), 'desc'), '__name__ DESCENDING'],
    ['the last by name', (q) => q.orderBy(FieldPath.documentId()).limitToLast(1), '__name__ DESCENDING'],
    ['two orders', (q) => q.orderBy('a').orderBy('b', 'desc'), 'a ASCENDING, b DESCENDING'],
    [
      'array-contains and order',
      (q) => q.where('t', 'array-contains', 1).orderBy('b'),
      't CONTAINS, b ASCENDING',
    ],
    ['in and order', (q) => q.where('a', 'in', [1, 2]).orderBy('b'), 'a ASCENDING, b ASCENDING'],
  ])('%s', async (_, build, fields) => {
    const error = await build(db.collection('free'))
      .get()
      .catch((e: unknown) => e as Error & { code: number });
    expect(error).toMatchObject({ code: Status.failedPrecondition });
    const definition = JSON.parse((error as Error).message.replace(/^.*?json: /, ''));
    expect(definition).toMatchObject({ collectionGroup: 'free', queryScope: 'COLLECTION' });
    type Field = { fieldPath: string; order?: string; arrayConfig?: string };
    expect(definition.fields.map((f: Field) => `${f.fieldPath} ${f.order ?? f.arrayConfig}`).join(', ')).toBe(
      fields,
    );
  });

  it('a filter on a collection group', async () => {
    expect(await statusOf(db.collectionGroup('free').where('a', '==', 1).get())).toBe(
      Status.failedPrecondition,
    );
    expect(await statusOf(db.collectionGroup('grouped').where('a', '==', 1).get())).toBeUndefined();
    expect(await statusOf(db.collectionGroup('free').get())).toBeUndefined();
  });

  it('a sum over a filter', async () => {
    const sum = (name: string) =>
      db
        .collection(name)
        .where('a', '==', 1)
        .aggregate({ s: AggregateField.sum('b') })
        .get();
    expect(await statusOf(sum('free'))).toBe(Status.failedPrecondition);
    expect(await statusOf(sum('declared'))).toBeUndefined();
  });
});

it('declared indexes serve what they should, in their direction and merged', async () => {
  const declared = db.collection('declared');
  expect(await statusOf(declared.where('a', '==', 1).orderBy('b').get())).toBeUndefined();
  expect(await statusOf(declared.where('a', '==', 1).orderBy('b', 'desc').get())).toBe(
    Status.failedPrecondition,
  );
  expect(await statusOf(declared.where('a', '==', 1).orderBy('b').limitToLast(1).get())).toBe(
    Status.failedPrecondition,
  );
  expect(
    await statusOf(declared.where('a', '==', 1).where('c', '==', 1).where('b', '>', 1).get()),
  ).toBeUndefined();
  expect(await statusOf(declared.orderBy('x').orderBy('y', 'desc').get())).toBeUndefined();
  expect(await statusOf(declared.orderBy('x', 'desc').orderBy('y').get())).toBe(Status.failedPrecondition);
  expect(await statusOf(declared.orderBy('x').orderBy('y').get())).toBe(Status.failedPrecondition);
});

describe('the nearest vectors', () => {
  const near = (query: Query, dimension: number) =>
    query.findNearest({
      vectorField: 'v',
      queryVector: Array.from({ length: dimension }, () => 1),
      limit: 3,
      distanceMeasure: 'EUCLIDEAN',
    });
  const of = (name: string) => db.collection(name);

  it('need an index of their dimension', async () => {
    expect(await statusOf(near(of('vectors'), 2).get())).toBeUndefined();
    const error: unknown = await near(of('vectors'), 3)
      .get()
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: Status.failedPrecondition });
    expect((error as Error).message).toContain(
      '"fields":[{"fieldPath":"v","vectorConfig":{"dimension":3,"flat":{}}}]',
    );
    expect((await server.requiredIndexes()).indexes).toContainEqual({
      collectionGroup: 'vectors',
      queryScope: 'COLLECTION',
      fields: [{ fieldPath: 'v', vectorConfig: { dimension: 3, flat: {} } }],
    });
  });

  it('among those that match a filter need one of both', async () => {
    expect(await statusOf(near(of('vectors').where('a', '==', 1), 2).get())).toBeUndefined();
    expect(await statusOf(near(of('vectors').where('b', '==', 1), 2).get())).toBe(Status.failedPrecondition);
    expect(await statusOf(near(of('vectors').where('a', '==', 1).where('b', '==', 1), 2).get())).toBe(
      Status.failedPrecondition,
    );
    expect(await statusOf(near(of('vectors').where('c', '>', 1), 2).get())).toBeUndefined();
  });

  it('are of no use to other queries', async () => {
    expect(await statusOf(of('vectors').where('a', '==', 1).orderBy('v').get())).toBe(
      Status.failedPrecondition,
    );
  });
});

it('a field has one override, whatever the number of queries that need it', async () => {
  const group = db.collectionGroup('several');
  await Promise.all(
    [
      group.where('a', '==', 1).where('b', '==', 2),
      group.where('a', 'array-contains', 1),
      group.where('a', '==', 2),
    ].map(async (query) => expect(await statusOf(query.get())).toBe(Status.failedPrecondition)),
  );
  const { fieldOverrides } = await server.requiredIndexes();
  const several = fieldOverrides.filter(({ collectionGroup }) => collectionGroup === 'several');
  expect(several.map(({ fieldPath }) => fieldPath).sort()).toEqual(['a', 'b']);
  const ofGroup = several
    .find(({ fieldPath }) => fieldPath === 'a')!
    .indexes.filter(({ queryScope }) => queryScope === 'COLLECTION_GROUP');
  expect(ofGroup).toHaveLength(2);
});

it('what queries needed can be written to the file, which is read again', async () => {
  const query = db.collection('later').where('a', '==', 1).orderBy('b');
  expect(await statusOf(query.get())).toBe(Status.failedPrecondition);
  const required = await server.requiredIndexes();
  expect(required.indexes).toContainEqual({
    collectionGroup: 'later',
    queryScope: 'COLLECTION',
    fields: [
      { fieldPath: 'a', order: 'ASCENDING' },
      { fieldPath: 'b', order: 'ASCENDING' },
    ],
  });
  writeFileSync(file(), JSON.stringify(required));
  expect(await statusOf(query.get())).toBeUndefined();
});
