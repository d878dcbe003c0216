import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FieldValue, Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { Status, statusOf } from './support/client.ts';

const ascending = (fieldPath: string) => ({ fieldPath, order: 'ASCENDING' });
const contains = (fieldPath: string) => ({ fieldPath, arrayConfig: 'CONTAINS' });
const index = (collectionGroup: string, fields: object[], queryScope = 'COLLECTION') => ({
  collectionGroup,
  queryScope,
  fields,
});
const texts = ['a', 'b', 'c', 'd', 'e', 'f'];

let directory: string;
let server: EmbeddedFirestore;
let db: Firestore;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-firestore-'));
  const indexFile = join(directory, 'firestore.indexes.json');
  writeFileSync(
    indexFile,
    JSON.stringify({
      indexes: [
        index('fanned', [ascending('a'), contains('list')]),
        index('fanned', [contains('list'), ascending('b')]),
        index('fanned', [contains('list'), ascending('missing')]),
        index('long', texts.map(ascending)),
        index('grouped', texts.map(ascending), 'COLLECTION_GROUP'),
        index('vectors', [ascending('a'), { fieldPath: 'v', vectorConfig: { dimension: 2_048, flat: {} } }]),
      ],
      fieldOverrides: [
        { collectionGroup: 'exempt', fieldPath: 'list', indexes: [] },
        { collectionGroup: 'exempt', fieldPath: 'map', indexes: [] },
        { collectionGroup: 'exempt', fieldPath: 'map.list', indexes: [{ arrayConfig: 'CONTAINS' }] },
        { collectionGroup: 'none', fieldPath: '*', indexes: [] },
        {
          collectionGroup: 'twice',
          fieldPath: 'list',
          indexes: [{ arrayConfig: 'CONTAINS' }, { arrayConfig: 'CONTAINS', queryScope: 'COLLECTION_GROUP' }],
        },
      ],
    }),
  );
  server = await startEmbeddedFirestore({ indexes: 'strict', indexFile });
  db = new Firestore({ projectId: 'demo', host: server.address, ssl: false });
});
afterAll(async () => {
  await db.terminate();
  await server.close();
  rmSync(directory, { recursive: true });
});

const of = (count: number) => Array.from({ length: count }, (_, at) => at);
const map = (count: number) => Object.fromEntries(of(count).map((at) => [`f${at}`, at]));

async function expectRefused(path: string, data: object, message: RegExp): Promise<void> {
  const error: unknown = await db
    .doc(path)
    .set(data)
    .catch((e: unknown) => e);
  expect(error).toMatchObject({
    code: Status.invalidArgument,
    message: expect.stringMatching(message) as unknown,
  });
  expect((await db.doc(path).get()).exists).toBe(false);
}

describe('a document has 40,000 index entries at most', () => {
  it.each<[string, string, object, object, string]>([
    [
      'elements, twice, beside the list as a whole',
      'c',
      { list: of(19_999) },
      { list: of(20_000) },
      '40,002',
    ],
    ['the same element once', 'c', { list: [...of(19_999), 0, 1] }, { list: [...of(19_999), -1] }, '40,002'],
    [
      'fields of maps, and the map, which count twice',
      'c',
      { list: of(9_998), map: map(10_000) },
      { list: of(9_999), map: map(10_000) },
      '40,002',
    ],
    [
      'entries of composite indexes for each element',
      'fanned',
      { a: 1, b: 1, list: of(9_998) },
      { a: 1, b: 1, list: of(9_999) },
      '40,002',
    ],
    ['lists of a group, too', 'twice', { list: of(10_000) }, { list: of(10_001) }, '40,004'],
    [
      'what is below an exempt map, if it has an override of its own',
      'exempt',
      { list: of(99), map: { other: of(99), list: of(20_000) } },
      { map: { list: of(20_001) } },
      '40,002',
    ],
  ])('%s', async (_, collection, most, more, count) => {
    await db.doc(`${collection}/most`).set(most);
    const message = `too many index entries for entity /${collection}/more: ${count}, the limit is 40,000`;
    await expectRefused(`${collection}/more`, more, new RegExp(message));
  });

  it('not in composite indexes of which it lacks a field', async () => {
    await db.doc('fanned/a').set({ a: 1, list: of(13_332) });
    await db.doc('fanned/a').set({ list: of(19_999) });
  });

  it('if its fields are not exempt', async () => {
    await db.doc('exempt/a').set({ list: of(50_000), map: map(30_000) });
    await db.doc('none/a').set({ list: of(50_000), map: map(30_000) });
  });

  it('whatever part of it a write touches', async () => {
    const ref = db.doc('fanned/b');
    await ref.set({ list: of(19_990) });
    expect(await statusOf(ref.update({ a: 1, b: 1 }))).toBe(Status.invalidArgument);
    expect(await statusOf(ref.update({ list: FieldValue.arrayUnion(-1, -2, -3) }))).toBeUndefined();
  });
});

describe('an index entry has 7,680 bytes at most', () => {
  const values = (last: number) =>
    Object.fromEntries(texts.map((field) => [field, field === 'f' ? 'x'.repeat(last) : 'x'.repeat(2_000)]));

  it('of a composite index, with 1,500 of each value', async () => {
    // 5 values of 1,500 bytes, the name "long/a" with 23, and 32.
    await db.doc('long/a').set(values(124));
    await expectRefused('long/b', values(125), /a, b, c, d, e, f is larger than 7680 bytes: it takes 7,681/);
    await db.doc('other/a').set(values(2_000));
  });

  it('with the name of the document above only where it is of a collection', async () => {
    const above = `above/${'x'.repeat(76)}`;
    await db.doc(`${above}/grouped/a`).set(values(38));
    await expectRefused(`${above}/grouped/b`, values(39), /larger than 7680 bytes/);
    await expectRefused(`${above}/long/b`, values(0), /larger than 7680 bytes/);
  });

  it('of a field by itself, when names are long', async () => {
    const deep = (last: number) => `a/${'b'.repeat(1_500)}/c/${'d'.repeat(1_500)}/e/${'f'.repeat(last)}`;
    // The name has 3,025 bytes and the last id, the one above it 3,022, "text" 5.
    await db.doc(deep(96)).set({ text: 'x'.repeat(2_000) });
    await expectRefused(
      deep(97),
      { text: 'x'.repeat(2_000) },
      /Index entry on text is larger than 7680 bytes/,
    );
  });

  it('however long a vector is', async () => {
    await db.doc('vectors/a').set({ a: 1, v: FieldValue.vector(Array<number>(2_048).fill(0.1)) });
  });
});

describe('the index entries of a document have 8 MiB at most', () => {
  it('together', async () => {
    const path = (id: string) => `a/${'b'.repeat(1_400)}/sums/${id}`;
    // Each entry of an element has two names, "list" and an integer.
    const entry = 1_400 + 3 + 5 + 2 + 16 + (1_400 + 3 + 16) + 5 + 8 + 32;
    const most = Math.floor((8 * 1_024 * 1_024 - 2 * (entry - 8 + 1_500)) / (2 * entry));
    await db.doc(path('a')).set({ list: of(most) });
    await expectRefused(
      path('b'),
      { list: of(most + 1) },
      /index entries take 8,3[89]\d,\d{3} bytes together, the limit is 8,388,608, in document "a\/b+\/sums\/b"/,
    );
  });
});

it('a change of the file counts', async () => {
  const indexFile = join(directory, 'other.json');
  writeFileSync(indexFile, JSON.stringify({ indexes: [] }));
  const other = await startEmbeddedFirestore({ indexFile });
  const client = new Firestore({ projectId: 'demo', host: other.address, ssl: false });
  const set = () =>
    statusOf(
      client
        .collection('c')
        .doc()
        .set({ list: of(15_000), a: 1 }),
    );
  expect(await set()).toBeUndefined();
  writeFileSync(indexFile, JSON.stringify({ indexes: [index('c', [contains('list'), ascending('a')])] }));
  expect(await set()).toBe(Status.invalidArgument);
  await client.terminate();
  await other.close();
});
