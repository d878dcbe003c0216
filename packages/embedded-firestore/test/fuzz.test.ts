import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Firestore } from '@google-cloud/firestore';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import type { Footprint } from './support/attacked-server.ts';
import { answerOf, frame, RawClient } from './support/raw-grpc.ts';
import type { RawAnswer } from './support/raw-grpc.ts';
import './support/client.ts';

/** FUZZ_RUNS=10000 for a long look. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);
const DATABASE = 'projects/fuzz/databases/(default)';
const ROOT = `${DATABASE}/documents`;

/** What bad input may be answered with. UNKNOWN (2) and INTERNAL (13) mean that the engine was surprised. */
const EXPECTED = new Set([0, 3, 5, 6, 8, 9, 10, 11, 12]);

const descriptor = createRequire(import.meta.url)('@google-cloud/firestore-api/build/protos/protos.json') as protobuf.INamespace;
const proto = protobuf.Root.fromJSON(descriptor);
const service = proto.lookupService('google.firestore.v1.Firestore');
const METHODS = service.methodsArray.map(({ name }) => name);
const UNARY = service.methodsArray.filter(({ requestStream }) => !requestStream).map(({ name }) => name);

let child: ChildProcess;
let port: number;
let db: Firestore;
let raw: RawClient;

beforeAll(async () => {
  child = fork(join(import.meta.dirname, 'support/attacked-server.ts'), { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  [{ port }] = (await once(child, 'message')) as [{ port: number }];
  db = new Firestore({ projectId: 'fuzz', host: `127.0.0.1:${port}`, ssl: false });
  await db.doc('alive/yes').set({ n: 1 });
});
beforeEach(() => {
  raw = new RawClient(port);
});
afterEach(async () => {
  raw.close();
  expect(child.exitCode).toBeNull();
  expect((await db.doc('alive/yes').get()).get('n')).toBe(1);
});
afterAll(async () => {
  await db.terminate();
  const exited = once(child, 'exit');
  child.send('close');
  expect((await exited)[0]).toBe(0);
});

async function footprint(): Promise<Footprint> {
  child.send('footprint');
  return ((await once(child, 'message')) as [Footprint])[0];
}

function encoded(method: string, request: object): Uint8Array {
  const type = (service.methods[method]!.resolve() as protobuf.Method).resolvedRequestType!;
  return type.encode(type.fromObject(request)).finish();
}

function expectAnswer({ status, message }: RawAnswer): void {
  expect({ status: EXPECTED.has(status!) ? 'expected' : status, message }).toEqual({ status: 'expected', message });
}

/** Requests that are in order, to be damaged. */
const value = { mapValue: { fields: { a: { integerValue: 7 }, b: { arrayValue: { values: [{ stringValue: 'x' }, { doubleValue: 1.5 }] } } } } };
const document = { name: `${ROOT}/c/d`, fields: { v: value, t: { timestampValue: { seconds: 1, nanos: 5000 } }, g: { geoPointValue: { latitude: 1, longitude: 2 } } } };
const writes = [
  { update: document, updateMask: { fieldPaths: ['v', 't'] }, updateTransforms: [{ fieldPath: 'n', increment: { integerValue: 1 } }, { fieldPath: 'l', appendMissingElements: { values: [value] } }] },
  { delete: `${ROOT}/c/e`, currentDocument: { updateTime: { seconds: 5 } } },
];
const structuredQuery = {
  from: [{ collectionId: 'c' }],
  select: { fields: [{ fieldPath: 'v' }] },
  where: { compositeFilter: { op: 'AND', filters: [
    { fieldFilter: { field: { fieldPath: 'v.a' }, op: 'GREATER_THAN', value: { integerValue: 1 } } },
    { fieldFilter: { field: { fieldPath: 't' }, op: 'IN', value: { arrayValue: { values: [{ stringValue: 'x' }] } } } },
    { unaryFilter: { field: { fieldPath: 'n' }, op: 'IS_NOT_NULL' } },
  ] } },
  orderBy: [{ field: { fieldPath: 'v.a' }, direction: 'DESCENDING' }],
  startAt: { values: [{ integerValue: 9 }], before: true },
  offset: 1,
  limit: { value: 3 },
};
const valid: [string, Uint8Array][] = [
  ['GetDocument', encoded('GetDocument', { name: `${ROOT}/c/d`, mask: { fieldPaths: ['v.a'] }, readTime: { seconds: 5 } })],
  ['ListDocuments', encoded('ListDocuments', { parent: ROOT, collectionId: 'c', pageSize: 3, showMissing: true, pageToken: 'Yy9k' })],
  ['CreateDocument', encoded('CreateDocument', { parent: ROOT, collectionId: 'c', documentId: 'x', document: { fields: document.fields } })],
  ['UpdateDocument', encoded('UpdateDocument', { document, updateMask: { fieldPaths: ['v'] } })],
  ['DeleteDocument', encoded('DeleteDocument', { name: `${ROOT}/c/d`, currentDocument: { exists: true } })],
  ['BatchGetDocuments', encoded('BatchGetDocuments', { database: DATABASE, documents: [`${ROOT}/c/d`, `${ROOT}/c/e`], newTransaction: { readOnly: {} } })],
  ['BeginTransaction', encoded('BeginTransaction', { database: DATABASE, options: { readWrite: { retryTransaction: Buffer.from('abc') } } })],
  ['Commit', encoded('Commit', { database: DATABASE, writes })],
  ['Rollback', encoded('Rollback', { database: DATABASE, transaction: Buffer.from('abc') })],
  ['RunQuery', encoded('RunQuery', { parent: ROOT, structuredQuery })],
  ['RunAggregationQuery', encoded('RunAggregationQuery', { parent: ROOT, structuredAggregationQuery: { structuredQuery, aggregations: [{ alias: 'n', count: {} }, { alias: 's', sum: { field: { fieldPath: 'v.a' } } }] } })],
  ['PartitionQuery', encoded('PartitionQuery', { parent: ROOT, structuredQuery: { from: [{ collectionId: 'c', allDescendants: true }], orderBy: [{ field: { fieldPath: '__name__' } }] }, partitionCount: 3 })],
  ['ListCollectionIds', encoded('ListCollectionIds', { parent: ROOT, pageSize: 2 })],
  ['BatchWrite', encoded('BatchWrite', { database: DATABASE, writes })],
];

/** One kind of damage after another. */
const damage = fc.array(
  fc.record({ kind: fc.constantFrom('flip', 'cut', 'insert', 'remove', 'repeat', 'byte'), at: fc.nat(2000), by: fc.nat(255) }),
  { minLength: 1, maxLength: 4 },
);

function damaged(bytes: Uint8Array, steps: { kind: string; at: number; by: number }[]): Buffer {
  let result = Buffer.from(bytes);
  for (const { kind, at: anywhere, by } of steps) {
    const at = result.length === 0 ? 0 : anywhere % result.length;
    const [head, tail] = [result.subarray(0, at), result.subarray(at)];
    if (kind === 'flip' && at < result.length) result[at]! ^= 1 << (by & 7);
    else if (kind === 'byte' && at < result.length) result[at] = by;
    else if (kind === 'cut') result = Buffer.from(head);
    else if (kind === 'insert') result = Buffer.concat([head, Buffer.alloc(1 + (by & 15), by), tail]);
    else if (kind === 'remove') result = Buffer.concat([head, tail.subarray(1 + (by & 7))]);
    else result = Buffer.concat([head, tail, tail]);
  }
  return result;
}

describe('messages', () => {
  it('in order are answered', async () => {
    for (const [method, bytes] of valid) expectAnswer(await raw.call(method, bytes));
  });

  it('of random bytes get a gRPC error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...UNARY), fc.uint8Array({ maxLength: 60 }), async (method, bytes) => {
        expectAnswer(await raw.call(method, bytes));
      }),
      { numRuns: RUNS },
    );
  });

  it('damaged anywhere get an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...valid), damage, async ([method, bytes], steps) => {
        expectAnswer(await raw.call(method, damaged(bytes, steps)));
      }),
      { numRuns: RUNS * 4 },
    );
  });

  it('to the wrong method get an answer', async () => {
    for (const method of UNARY) {
      for (const [, bytes] of valid) expectAnswer(await raw.call(method, bytes));
    }
  });

  it.each(UNARY)('that are empty get an error from %s', async (method) => {
    const answer = await raw.call(method, Buffer.alloc(0));
    expectAnswer(answer);
    expect(answer.status).not.toBe(0);
  });
});
