import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { Status } from './support/client.ts';
import { lowLevelClient } from './support/low-level-client.ts';
import type { LowLevelClient } from './support/low-level-client.ts';

/* The order_by of ListDocuments, which Google's own client never sends, through its low-level client. */

const DATABASE = 'projects/lists/databases/(default)';
const ROOT = `${DATABASE}/documents`;

let server: EmbeddedFirestore;
let low: LowLevelClient;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
  low = lowLevelClient(server);
  const documents = {
    w: { b: 5 },
    x: { a: 2, b: 1, 'odd `, name': 3 },
    y: { a: 1, b: 1, 'odd `, name': 2 },
    z: { a: 2, b: 0, 'odd `, name': 1 },
    'missing/below/it': { a: 1 },
  };
  const writes = Object.entries(documents).map(([path, values]) => ({
    update: {
      name: `${ROOT}/c/${path}`,
      fields: Object.fromEntries(Object.entries(values).map(([key, n]) => [key, { integerValue: n }])),
    },
  }));
  await low.commit({ database: DATABASE, writes });
});
afterAll(async () => {
  await low.close();
  await server.close();
});

type Request = Parameters<typeof low.listDocuments>[0];

async function list(request: Request, pageSize = 100): Promise<string> {
  const ids: string[] = [];
  let pageToken = '';
  do {
    const asked = { parent: ROOT, collectionId: 'c', pageSize, pageToken, ...request };
    const [documents, , answer] = await low.listDocuments(asked, { autoPaginate: false });
    ids.push(...documents.map(({ name }) => name!.slice(name!.lastIndexOf('/') + 1)));
    pageToken = answer?.nextPageToken ?? '';
  } while (pageToken !== '');
  return ids.join(' ');
}

it('has of missing documents the name and nothing else', async () => {
  const [documents] = await low.listDocuments({ parent: ROOT, collectionId: 'c', showMissing: true });
  const [missing, other] = documents;
  expect(missing).toMatchObject({
    name: `${ROOT}/c/missing`,
    fields: {},
    createTime: null,
    updateTime: null,
  });
  expect(other!.createTime).not.toBeNull();
});

describe('a list in an order', () => {
  it.each([
    ['a', 'y x z'],
    ['a desc', 'z x y'],
    ['a DESC, b', 'z x y'],
    ['a asc,b asc', 'y z x'],
    ['a, __name__ desc', 'y z x'],
    ['__name__', 'w x y z'],
    ['__name__ desc', 'z y x w'],
    ['`odd \\`, name`', 'z y x'],
    ['nowhere', ''],
  ])('by %s has the documents that have these fields', async (orderBy, expected) => {
    expect(await list({ orderBy })).toBe(expected);
    // Page by page it is the same.
    expect(await list({ orderBy }, 1)).toBe(expected);
    expect(await list({ orderBy }, 2)).toBe(expected);
  });

  it('shows the fields of the mask', async () => {
    const [documents] = await low.listDocuments({
      parent: ROOT,
      collectionId: 'c',
      orderBy: 'a',
      mask: { fieldPaths: ['b'] },
    });
    expect(documents.map(({ fields }) => Object.keys(fields!))).toEqual([['b'], ['b'], ['b']]);
  });

  it.each([
    ['with missing documents', { orderBy: 'a', showMissing: true }, /show_missing/],
    ['of all collections', { orderBy: 'a', collectionId: '' }, /collection_id/],
    ['by the same field twice', { orderBy: 'a, a' }, /twice/],
    ['by no field', { orderBy: 'a..b' }, /field path/],
    ['in a direction that is none', { orderBy: 'a descending' }, /order_by "a descending"/],
    ['that ends with a comma', { orderBy: 'a,' }, /order_by "a,"/],
    ['after a token of another kind', { orderBy: 'a', pageToken: 'Yy94' }, /./],
  ])('%s is refused', async (_, request, message) => {
    await expect(list(request)).rejects.toMatchObject({
      code: Status.invalidArgument,
      details: expect.stringMatching(message),
    });
  });
});
