import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import protobuf from 'protobufjs/minimal.js';
import { Status, statusOf } from './support/client.ts';
import { lowLevelClient } from './support/low-level-client.ts';
import type { LowLevelClient } from './support/low-level-client.ts';
import { RawClient } from './support/raw-grpc.ts';

/** Google's service was seen to answer this way where its documentation says nothing. */

const database = 'projects/answers/databases/(default)';
const documents = `${database}/documents`;
const name = (path: string) => `${documents}/${path}`;
const integer = (value: number) => ({ integerValue: value });

let server: EmbeddedFirestore;
let client: LowLevelClient;

beforeAll(async () => {
  server = await startEmbeddedFirestore();
  client = lowLevelClient(server);
  const writes = ['a/1', 'a/1/below/1', 'b/1'].map((path) => ({
    update: { name: name(path), fields: { n: integer(1) } },
  }));
  await client.commit({ database, writes });
});
afterAll(async () => {
  await client.close();
  await server.close();
});

type StructuredQuery = NonNullable<Parameters<LowLevelClient['runQuery']>[0]>['structuredQuery'];

async function idsOf(structuredQuery: StructuredQuery, parent = documents): Promise<string[]> {
  const paths: string[] = [];
  for await (const message of client.runQuery({ parent, structuredQuery })) {
    const { document } = message as { document?: { name: string } };
    if (document) paths.push(document.name.slice(documents.length + 1));
  }
  return paths;
}

describe('a query', () => {
  it('of no collection finds the documents of all directly below its parent', async () => {
    expect(await idsOf({})).toEqual(['a/1', 'b/1']);
    expect(await idsOf({ from: [{ collectionId: '' }] })).toEqual(['a/1', 'b/1']);
    expect(await idsOf({}, name('a/1'))).toEqual(['a/1/below/1']);
  });

  it('with an AND of nothing has no filter', async () => {
    const where = { compositeFilter: { op: 'AND' as const, filters: [] } };
    expect(await idsOf({ from: [{ collectionId: 'a' }], where })).toEqual(['a/1']);
  });

  it('with a cursor of no values has no cursor', async () => {
    const orderBy = [{ field: { fieldPath: 'n' } }];
    for (const before of [true, false])
      expect(
        await idsOf({ from: [{ collectionId: 'a' }], orderBy, startAt: { values: [], before } }),
      ).toEqual(['a/1']);
  });

  const nameIs = (referenceValue: string) => ({
    fieldFilter: { field: { fieldPath: '__name__' }, op: 'EQUAL' as const, value: { referenceValue } },
  });

  it.each<[string, StructuredQuery]>([
    ['two collections', { from: [{ collectionId: 'a' }, { collectionId: 'b' }] }],
    ['a collection id with a slash', { from: [{ collectionId: 'a/b' }] }],
    [
      'an operator that is none',
      {
        from: [{ collectionId: 'a' }],
        where: { fieldFilter: { field: { fieldPath: 'n' }, op: 'OPERATOR_UNSPECIFIED', value: integer(1) } },
      },
    ],
    [
      'a name of another database',
      {
        from: [{ collectionId: 'a' }],
        where: nameIs('projects/answers/databases/other/documents/a/1'),
      },
    ],
    [
      'a cursor at a name of another database',
      {
        from: [{ collectionId: 'a' }],
        orderBy: [{ field: { fieldPath: '__name__' } }],
        startAt: {
          values: [{ referenceValue: 'projects/other/databases/(default)/documents/a/1' }],
          before: true,
        },
      },
    ],
  ])('with %s is refused', async (_, query) => {
    expect(await statusOf(idsOf(query))).toBe(Status.invalidArgument);
  });
});

describe('a query of everything below a document', () => {
  const below = { from: [{ allDescendants: true }] };
  const belowOf = (collectionId: string) => ({ from: [{ collectionId, allDescendants: true }] });
  const byName = (direction: 'ASCENDING' | 'DESCENDING') => ({
    orderBy: [{ field: { fieldPath: '__name__' }, direction }],
  });
  const where = { fieldFilter: { field: { fieldPath: 'n' }, op: 'EQUAL' as const, value: integer(1) } };
  const orderBy = [{ field: { fieldPath: 'n' } }];

  it('goes in the order of names', async () => {
    expect(await idsOf({ ...below, ...byName('ASCENDING') }, name('a/1'))).toEqual(['a/1/below/1']);
    expect(await idsOf({ ...below })).toEqual(['a/1', 'a/1/below/1', 'b/1']);
    expect(await idsOf(belowOf('below'), name('a/1'))).toEqual(['a/1/below/1']);
  });

  it('has no filter or order on fields', async () => {
    for (const query of [below, belowOf('below')]) {
      expect(await statusOf(idsOf({ ...query, where }, name('a/1')))).toBe(Status.invalidArgument);
      expect(await statusOf(idsOf({ ...query, orderBy }, name('a/1')))).toBe(Status.invalidArgument);
    }
    expect(await statusOf(idsOf({ ...below, where }))).toBe(Status.invalidArgument);
    expect(await idsOf({ ...belowOf('below'), where })).toEqual(['a/1/below/1']);
  });

  it('does not go backwards', async () => {
    const descending = byName('DESCENDING');
    expect(await statusOf(idsOf({ ...below, ...descending }, name('a/1')))).toBe(Status.invalidArgument);
    expect(await statusOf(idsOf({ ...belowOf('below'), ...descending }, name('a/1')))).toBe(
      Status.failedPrecondition,
    );
    expect(await idsOf({ ...belowOf('below'), ...descending })).toEqual(['a/1/below/1']);
  });

  it('says so when it is explained', async () => {
    const request = { parent: name('a/1'), structuredQuery: below, explainOptions: { analyze: false } };
    for await (const message of client.runQuery(request)) {
      const { explainMetrics } = message as { explainMetrics: { planSummary: { indexesUsed: unknown[] } } };
      expect(explainMetrics.planSummary.indexesUsed).toMatchObject([
        { fields: { properties: { stringValue: '(__name__ ASC)' } } },
      ]);
    }
  });

  it.each([
    ['everything below a document', 'a/1', belowOf('below')],
    ['all collections', 'a/1', below],
  ])('%s is not listened to', async (_, parent, structuredQuery) => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const stream = client.listen({ otherArgs: { headers: { 'google-cloud-resource-prefix': database } } });
    stream.on('data', ({ targetChange }: { targetChange?: { cause?: { code: number } } }) =>
      resolve(targetChange?.cause?.code),
    );
    stream.write({ database, addTarget: { targetId: 1, query: { parent: name(parent), structuredQuery } } });
    expect(await promise).toBe(Status.invalidArgument);
    stream.end();
  });
});

describe('a list', () => {
  const list = (request: object) =>
    statusOf(client.listDocuments({ parent: documents, collectionId: 'a', ...request }));
  const token = (text: string) => Buffer.from(text).toString('base64url');

  it.each(['not-a-token', token('b/1'), token('a/1/below/1'), token('a')])(
    'refuses the page token %s',
    async (pageToken) => {
      expect(await list({ pageToken })).toBe(Status.invalidArgument);
    },
  );

  it('in an order refuses what is no token', async () => {
    expect(await list({ orderBy: 'n', pageToken: 'not-a-token' })).toBe(Status.invalidArgument);
  });

  it('of collections goes on behind what has been deleted meanwhile', async () => {
    const list = (pageToken: string) =>
      client.listCollectionIds({ parent: documents, pageToken }, { autoPaginate: false });
    expect((await list(token('aa')))[0]).toEqual(['b']);
    expect((await list(token('c')))[0]).toEqual([]);
  });
});

it('an update of what the same commit deletes before is an invalid argument', async () => {
  const deleted = { delete: name('a/deleted') };
  const update = { update: { name: name('a/deleted'), fields: {} } };
  const commit = (...writes: object[]) => statusOf(client.commit({ database, writes }));
  const exists = { currentDocument: { exists: true } };
  for (const before of [[], [update]]) {
    expect(await commit(...before, deleted, { ...update, ...exists })).toBe(Status.invalidArgument);
    expect(await commit(...before, deleted, update, { ...update, ...exists })).toBeUndefined();
  }
});

describe('a transaction', () => {
  const begin = async (options = {}) =>
    (await client.beginTransaction({ database, options }))[0].transaction as Buffer;
  const commit = (transaction: Buffer, writes: object[] = []) =>
    statusOf(client.commit({ database, transaction, writes }));
  const write = { update: { name: name('tx/a'), fields: {} } };

  it('that has been committed or rolled back is aborted', async () => {
    const committed = await begin();
    expect(await commit(committed, [write])).toBeUndefined();
    expect(await commit(committed, [write])).toBe(Status.aborted);
    const rolledBack = await begin();
    await client.rollback({ database, transaction: rolledBack });
    expect(await commit(rolledBack, [write])).toBe(Status.aborted);
  });

  it('that nobody has begun is an invalid argument', async () => {
    expect(await commit(Buffer.alloc(16, 1), [write])).toBe(Status.invalidArgument);
  });

  it('that is read-only ends when it is to write', async () => {
    const transaction = await begin({ readOnly: {} });
    expect(await commit(transaction, [write])).toBe(Status.invalidArgument);
    expect(await commit(transaction)).toBe(Status.invalidArgument);
  });

  it('that a read begins is read-only unless it is told otherwise', async () => {
    const begun = async (newTransaction: object) => {
      for await (const message of client.batchGetDocuments({
        database,
        documents: [name('tx/a')],
        newTransaction,
      })) {
        const { transaction } = message as { transaction: Buffer };
        if (transaction.length > 0) return transaction;
      }
      throw new Error('No transaction was begun.');
    };
    expect(await commit(await begun({}), [write])).toBe(Status.invalidArgument);
    expect(await commit(await begun({ readWrite: {} }), [write])).toBeUndefined();
  });
});

describe('a write that only verifies, which web and mobile clients send for what they have read', () => {
  let raw: RawClient;
  beforeAll(() => {
    raw = new RawClient(server.port);
  });
  afterAll(() => raw.close());

  /** Google's description of writes lacks `verify`, and so do its clients for servers. */
  async function verify(path: string, exists: boolean): Promise<number | undefined> {
    const writer = protobuf.Writer.create().uint32(10).string(database);
    writer.uint32(18).fork().uint32(42).string(name(path));
    writer.uint32(34).fork().uint32(8).bool(exists).ldelim().ldelim();
    return (await raw.call('Commit', writer.finish())).status;
  }

  it.each([
    ['a/1', true, 0],
    ['a/1', false, Status.alreadyExists],
    ['a/missing', true, Status.notFound],
    ['a/missing', false, 0],
  ])('%s, of which it is said that it exists: %s', async (path, exists, status) => {
    expect(await verify(path, exists)).toBe(status);
  });

  it('changes nothing', async () => {
    const [before] = await client.getDocument({ name: name('a/1') });
    await verify('a/1', true);
    expect((await client.getDocument({ name: name('a/1') }))[0]).toEqual(before);
    expect(await statusOf(client.getDocument({ name: name('a/missing') }))).toBe(Status.notFound);
  });
});
