import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRequire } from 'node:module';
import protobuf from 'protobufjs';
import { Engine } from '../src/engine.ts';
import { FirestoreError } from '../src/errors.ts';
import type { Call } from '../src/grpc/call.ts';
import { handlersOf } from '../src/grpc/handlers.ts';
import { listen } from '../src/grpc/listen-handler.ts';
import { methods } from '../src/grpc/protocol.ts';
import { serve } from '../src/grpc/server.ts';
import { WriteStream } from '../src/grpc/write-stream.ts';
import { DATABASE, encoded, METHODS, ROOT } from './support/attack.ts';
import { RawClient } from './support/raw-grpc.ts';

/*
 * F1: nothing in a request is silently ignored. Each request below is handled while every look at its fields is noted;
 * each field that Google's description has must have been looked at, or stand here with the reason why not.
 */

/** Asked for by no query and changing no answer. */
const WITHOUT_EFFECT = [
  // Marks for Google's monitoring.
  /\.requestOptions$/,
  /Request\.labels$/,
  // Helps a server decide whether to send a count with a resumed target; this one always does.
  /^Target\.expectedCount$/,
];

const REFUSED = ['ExecutePipeline'];
/** Decoded by hand in value/wire.ts and protocol.ts, and tested at the end. */
const BY_HAND = new Set(['Value', 'ArrayValue', 'MapValue', 'Document']);

const name = `${ROOT}/c/d`;
const time = { seconds: 5 };
const options = [
  { readOnly: { readTime: time } },
  { readWrite: { retryTransaction: Buffer.from('a') } },
  { readWrite: { concurrencyMode: 1 } },
];
const field = { fieldPath: 'a' };
const one = { integerValue: 1 };
const everyTransform = [
  { setToServerValue: 1 },
  { increment: one },
  { maximum: one },
  { minimum: one },
  { appendMissingElements: { values: [one] } },
  { removeAllFromArray: { values: [one] } },
].map((kind, at) => ({ fieldPath: `f${at}`, ...kind }));
const update = { name, fields: { a: one } };
const writes = [
  {
    update,
    updateMask: { fieldPaths: ['a'] },
    updateTransforms: everyTransform,
    currentDocument: { exists: true },
  },
  { delete: name, currentDocument: { updateTime: time } },
  { transform: { document: name, fieldTransforms: everyTransform } },
];
const structuredQuery = {
  from: [{ collectionId: 'c', allDescendants: true }],
  select: { fields: [field] },
  where: {
    compositeFilter: {
      op: 'AND',
      filters: [
        { fieldFilter: { field, op: 'GREATER_THAN', value: one } },
        { unaryFilter: { field, op: 'IS_NOT_NULL' } },
      ],
    },
  },
  orderBy: [{ field, direction: 'DESCENDING' }],
  startAt: { values: [one], before: true },
  endAt: { values: [one], before: true },
  offset: 1,
  limit: { value: 3 },
};
const nearest = {
  from: [{ collectionId: 'c' }],
  findNearest: {
    vectorField: field,
    queryVector: {
      mapValue: {
        fields: {
          __type__: { stringValue: '__vector__' },
          value: { arrayValue: { values: [{ doubleValue: 1 }] } },
        },
      },
    },
    distanceMeasure: 'COSINE',
    limit: { value: 3 },
    distanceResultField: 'd',
    distanceThreshold: { value: 1 },
  },
};
const transaction = Buffer.from('unknown');
const mask = { fieldPaths: ['a'] };
const explainOptions = { analyze: true };
// The first ones fail: the transaction is unknown and the time too long ago.
const reads = [{ transaction }, { readTime: time }, {}];
const beginnings = [...reads, ...options.map((newTransaction) => ({ newTransaction }))];

const REQUESTS: Record<string, object[]> = {
  CreateDocument: [{ parent: ROOT, collectionId: 'c', documentId: 'd', document: { fields: {} }, mask }],
  GetDocument: reads.map((at) => ({ name, mask, ...at })),
  ListDocuments: [{ orderBy: 'a' }, ...reads].map((at) => ({
    parent: ROOT,
    collectionId: 'c',
    pageSize: 1,
    pageToken: 'Yy9k',
    mask,
    showMissing: true,
    ...at,
  })),
  UpdateDocument: [{ document: update, updateMask: mask, mask, currentDocument: { exists: true } }],
  DeleteDocument: [{ name, currentDocument: { exists: true } }],
  // Before transactions begin: it would wait for their locks.
  Write: [
    { database: DATABASE },
    ...writes.map((write) => ({ database: DATABASE, writes: [write] })),
    { streamToken: Buffer.from('a') },
    { streamId: 'a' },
  ],
  BatchGetDocuments: beginnings.map((at) => ({ database: DATABASE, documents: [name], mask, ...at })),
  BeginTransaction: options.map((each) => ({ database: DATABASE, options: each })),
  Commit: writes.map((write) => ({ database: DATABASE, writes: [write], transaction })),
  Rollback: [{ database: DATABASE, transaction }],
  BatchWrite: [{ database: DATABASE, writes }],
  RunQuery: [
    ...beginnings.map((at) => ({ parent: ROOT, structuredQuery, explainOptions, ...at })),
    { parent: ROOT, structuredQuery: nearest },
  ],
  RunAggregationQuery: beginnings.map((at) => ({
    parent: ROOT,
    structuredAggregationQuery: {
      structuredQuery,
      aggregations: [
        { alias: 'n', count: { upTo: { value: 5 } } },
        { alias: 's', sum: { field } },
        { alias: 'v', avg: { field } },
      ],
    },
    explainOptions,
    ...at,
  })),
  PartitionQuery: [{}, { readTime: time }].map((at) => ({
    parent: ROOT,
    structuredQuery: {
      from: [{ collectionId: 'c', allDescendants: true }],
      orderBy: [{ field: { fieldPath: '__name__' } }],
    },
    partitionCount: 3,
    pageSize: 2,
    pageToken: 'MQ',
    ...at,
  })),
  ListCollectionIds: [{}, { readTime: time }].map((at) => ({
    parent: ROOT,
    pageSize: 1,
    pageToken: 'Yw',
    ...at,
  })),
  Listen: [
    {
      database: DATABASE,
      addTarget: {
        query: { parent: ROOT, structuredQuery },
        targetId: 1,
        once: true,
        resumeToken: Buffer.alloc(8),
      },
    },
    { database: DATABASE, addTarget: { documents: { documents: [name] }, targetId: 2, readTime: time } },
    { database: DATABASE, removeTarget: 2 },
  ],
};

interface Message {
  $type?: protobuf.Type;
}

/** The message, with a note for each of its fields that is read. */
function watched<T>(message: T, seen: Set<string>): T {
  if (Array.isArray(message)) return message.map((element: unknown) => watched(element, seen)) as T;
  const type = (message as Message | null)?.$type;
  if (!type) return message;
  return new Proxy(message as object, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (typeof property !== 'string' || !type.fields[property]) return value;
      seen.add(`${plainName(type)}.${property}`);
      return watched(value, seen);
    },
  }) as T;
}

function plainName(type: protobuf.ReflectionObject): string {
  return type.fullName.replace(/^\.google\.firestore\.v1\./, '').replace(/^\.google\.protobuf\./, '');
}

const engine = new Engine();
const writing = new WriteStream(engine);
const seen = new Set<string>();
beforeAll(async () => {
  const { unary, streaming } = handlersOf(engine);
  for (const [method, requests] of Object.entries(REQUESTS)) {
    for (const request of requests) {
      const message = watched(methods().get(method)!.decode(encoded(method, request)), seen) as never;
      if (method === 'Listen') listenTo(message);
      else if (method === 'Write') await settled(writing.answer(message));
      else if (method in unary) await settled(unary[method as keyof typeof unary](message));
      else await settled(drain(streaming[method as keyof typeof streaming](message)));
    }
  }
});
afterAll(() => engine.close());

function listenTo(request: never): void {
  let close = () => {};
  const call = {
    start: () => undefined,
    onDrained: () => undefined,
    onClosed: (callback: () => void) => (close = callback),
    receive: (onMessage: (bytes: Buffer) => void) => onMessage(Buffer.alloc(0)),
    write: () => true,
  };
  listen(engine, call as unknown as Call, { ...methods().get('Listen')!, decode: () => request });
  close();
}

/** A refusal is an answer; a surprise is not. */
async function settled(answer: Promise<unknown>): Promise<void> {
  await answer.catch((error: unknown) => expect(error).toBeInstanceOf(FirestoreError));
}

async function drain(answers: Promise<Iterable<unknown>>): Promise<void> {
  for (const _ of await answers);
}

const require = createRequire(import.meta.url);
const root = protobuf.Root.fromJSON(
  require('@google-cloud/firestore-api/build/protos/protos.json') as protobuf.INamespace,
).resolveAll();
const service = root.lookupService('google.firestore.v1.Firestore');

/** The fields of a message and of those within it. */
function fieldsOf(type: protobuf.Type, into = new Map<string, Set<string>>()): Map<string, Set<string>> {
  const known = plainName(type);
  if (into.has(known) || BY_HAND.has(known) || known === 'Timestamp') return into;
  into.set(known, new Set(Object.keys(type.fields)));
  for (const { resolvedType } of Object.values(type.fields)) {
    if (resolvedType instanceof protobuf.Type) fieldsOf(resolvedType, into);
  }
  return into;
}

const requestType = (method: string) => root.lookupType(service.methods[method]!.requestType);

describe('every field is looked at', () => {
  it('and every method is called or refused', () => {
    expect([...Object.keys(REQUESTS), ...REFUSED].sort()).toEqual([...METHODS].sort());
  });

  it.each(Object.keys(REQUESTS))('in %s', (method) => {
    const ignored = [...fieldsOf(requestType(method))]
      .flatMap(([type, fields]) => [...fields].map((each) => `${type}.${each}`))
      .filter(
        (each) => !/^RequestOptions\./.test(each) && !WITHOUT_EFFECT.some((effect) => effect.test(each)),
      )
      .filter((each) => !seen.has(each));
    expect(ignored).toEqual([]);
  });
});

describe('every kind of value is stored or refused', () => {
  const type = root.lookupType('google.firestore.v1.Value');
  const samples: Record<string, unknown> = {
    nullValue: 0,
    booleanValue: true,
    integerValue: 1,
    doubleValue: 1,
    timestampValue: time,
    stringValue: 'a',
    bytesValue: Buffer.from('a'),
    referenceValue: name,
    geoPointValue: { latitude: 1, longitude: 1 },
    arrayValue: { values: [] },
    mapValue: { fields: {} },
  };

  it.each(Object.keys(type.fields))('%s', (kind) => {
    const sample = samples[kind] ?? (type.fields[kind]!.resolvedType ? {} : 'a');
    const request = encoded('Commit', {
      database: DATABASE,
      writes: [{ update: { name, fields: { a: { [kind]: sample } } } }],
    });
    const decode = () => methods().get('Commit')!.decode(request);
    if (kind in samples) expect(decode).not.toThrow();
    else expect(decode).toThrow(/^Field \d+ of google.firestore.v1.Value is not supported/);
  });
});

describe('what is refused', () => {
  it('ExecutePipeline says so itself', async () => {
    const server = await serve(engine, '127.0.0.1', 0);
    const client = new RawClient(server.port);
    const request = encoded('ExecutePipeline', { database: DATABASE });
    const { status, message } = await client.call('ExecutePipeline', request);
    client.close();
    await server.close();
    expect(status).toBe(12);
    expect(message).toMatch(/^ExecutePipeline, the pipelines .* is not supported/);
  });

  const { unary } = handlersOf(engine);
  const call = (method: keyof typeof unary, request: object) =>
    unary[method](methods().get(method)!.decode(encoded(method, request)) as never);

  it.each<[string, keyof typeof unary, object, RegExp]>([
    [
      'optimistic transactions',
      'BeginTransaction',
      { database: DATABASE, options: { readWrite: { concurrencyMode: 1 } } },
      /concurrency_mode OPTIMISTIC is not supported/,
    ],
    [
      'transactions of a kind yet unknown',
      'BeginTransaction',
      { database: DATABASE, options: { readWrite: { concurrencyMode: 9 } } },
      /concurrency_mode 9 is not supported/,
    ],
    [
      'a mask on a delete',
      'Commit',
      { database: DATABASE, writes: [{ delete: name, updateMask: mask }] },
      /update_mask can only be set/,
    ],
    [
      'transforms on a delete',
      'Commit',
      { database: DATABASE, writes: [{ delete: name, updateTransforms: everyTransform }] },
      /update_transforms can only be set/,
    ],
    [
      'a transform of nothing',
      'Commit',
      { database: DATABASE, writes: [{ transform: { document: name, fieldTransforms: [] } }] },
      /must have field transforms/,
    ],
    [
      'a name of a document to be created',
      'CreateDocument',
      { parent: ROOT, collectionId: 'c', document: { name } },
      /must not have a name/,
    ],
  ])('%s', async (_, method, request, text) => {
    await expect(call(method, request)).rejects.toThrow(text);
  });

  it('a malformed write of a batch, alone', async () => {
    const answer = (await call('BatchWrite', {
      database: DATABASE,
      writes: [
        { update: { name: `${ROOT}/b/1` } },
        { delete: 'nonsense' },
        {},
        { update: { name: `${ROOT}/b/2` } },
      ],
    })) as { status: { code: number }[]; writeResults: object[] };
    expect(answer.status.map(({ code }) => code)).toEqual([0, 3, 3, 0]);
    expect(answer.writeResults.map((result) => 'updateTime' in result)).toEqual([true, false, false, true]);
  });
});

it('documents that are missing come after those that are found', async () => {
  const { unary, streaming } = handlersOf(engine);
  const decoded = (method: string, request: object) =>
    methods().get(method)!.decode(encoded(method, request)) as never;
  const writes = ['a', 'c'].map((id) => ({ update: { name: `${ROOT}/some/${id}` } }));
  await unary.Commit(decoded('Commit', { database: DATABASE, writes }));
  const documents = ['b', 'c', 'd', 'a'].map((id) => `${ROOT}/some/${id}`);
  const answers = await streaming.BatchGetDocuments(
    decoded('BatchGetDocuments', { database: DATABASE, documents }),
  );
  const told = [...(answers as Iterable<{ found?: { document: { path: string } }; missing?: string }>)];
  expect(told.map(({ found, missing }) => found?.document.path ?? missing)).toEqual([
    'some/c',
    'some/a',
    `${ROOT}/some/b`,
    `${ROOT}/some/d`,
  ]);
});

it.each([
  ['a cursor without an order', {}, [name]],
  ['a cursor longer than its order', { orderBy: [{ field }] }, [1, 2]],
  [
    'a cursor longer than its order, if not than its implied one',
    { orderBy: [{ field }], where: { unaryFilter: { field: { fieldPath: 'b' }, op: 'IS_NOT_NULL' } } },
    [1, 2],
  ],
])('a query with %s is refused', async (_, query, cursor) => {
  const values = cursor.map((value) =>
    typeof value === 'string' ? { referenceValue: value } : { integerValue: value },
  );
  const structuredQuery = { from: [{ collectionId: 'c' }], ...query, startAt: { values } };
  const request = encoded('RunQuery', { parent: ROOT, structuredQuery });
  const answer = handlersOf(engine).streaming.RunQuery(methods().get('RunQuery')!.decode(request) as never);
  await expect(answer).rejects.toThrow(/^startAt has/);
});

it.each([
  ['no aggregation', [], /^Aggregations can not be empty/],
  [
    'an alias twice',
    [
      { alias: 'x', count: {} },
      { alias: 'x', count: {} },
    ],
    /duplicate alias: x$/,
  ],
  ['a sum of names', [{ sum: { field: { fieldPath: '__name__' } } }], /Aggregations of __name__/],
  ['six aggregations', Array.from({ length: 6 }, () => ({ count: {} })), /maximum number of aggregations/],
])('an aggregation query with %s is refused', async (_, aggregations, message) => {
  const structuredAggregationQuery = { structuredQuery: { from: [{ collectionId: 'c' }] }, aggregations };
  const request = encoded('RunAggregationQuery', { parent: ROOT, structuredAggregationQuery });
  const answer = handlersOf(engine).streaming.RunAggregationQuery(
    methods().get('RunAggregationQuery')!.decode(request) as never,
  );
  await expect(answer).rejects.toThrow(message);
});

it('documents of all collections below a parent are listed when none is named', async () => {
  const { unary } = handlersOf(engine);
  const database = 'projects/listed/databases/d';
  const parent = `${database}/documents`;
  const call = (method: 'Commit' | 'ListDocuments', request: object) =>
    unary[method](methods().get(method)!.decode(encoded(method, request)) as never);
  const update = ['a/1', 'a/2', 'b/1', 'b/1/deep/x', 'c/gone/deep/y'].map((path) => ({
    update: { name: `${parent}/${path}` },
  }));
  await call('Commit', { database, writes: update });
  const list = async (showMissing: boolean) => {
    const paths: string[] = [];
    let pageToken = '';
    do {
      const page = (await call('ListDocuments', { parent, pageSize: 2, pageToken, showMissing })) as {
        documents: { document: { path: string } }[];
        nextPageToken: string;
      };
      paths.push(...page.documents.map(({ document }) => document.path));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return paths;
  };
  expect(await list(false)).toEqual(['a/1', 'a/2', 'b/1']);
  expect(await list(true)).toEqual(['a/1', 'a/2', 'b/1', 'c/gone']);
});
