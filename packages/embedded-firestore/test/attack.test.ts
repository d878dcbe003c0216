import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import fc from 'fast-check';
import { DATABASE, encoded, ROOT, startAttacked, UNARY } from './support/attack.ts';
import type { Attacked } from './support/attack.ts';
import { frame, RawClient } from './support/raw-grpc.ts';
import type { RawAnswer } from './support/raw-grpc.ts';

/** ATTACK_RUNS=10000 for a long look. */
const RUNS = Number(process.env['ATTACK_RUNS'] ?? 300);

/** What bad input may be answered with. UNKNOWN (2) and INTERNAL (13) mean that the engine was surprised. */
const EXPECTED = new Set([0, 3, 5, 6, 8, 9, 10, 11, 12]);

let server: Attacked;
let raw: RawClient;
beforeAll(async () => {
  server = await startAttacked();
});
beforeEach(async () => {
  raw = new RawClient(server.port);
  await once(raw.session, 'connect');
});
afterEach(async () => {
  raw.close();
  await server.requireAlive();
});
afterAll(async () => expect(await server.stop()).toBe(0));

function expectAnswer({ status, message }: RawAnswer): void {
  expect({ status: EXPECTED.has(status!) ? 'expected' : status, message }).toEqual({
    status: 'expected',
    message,
  });
}

/** Requests that are in order, to be damaged. */
const value = {
  mapValue: {
    fields: {
      a: { integerValue: 7 },
      b: { arrayValue: { values: [{ stringValue: 'x' }, { doubleValue: 1.5 }] } },
    },
  },
};
const document = {
  name: `${ROOT}/c/d`,
  fields: {
    v: value,
    t: { timestampValue: { seconds: 1, nanos: 5000 } },
    g: { geoPointValue: { latitude: 1, longitude: 2 } },
  },
};
const writes = [
  {
    update: document,
    updateMask: { fieldPaths: ['v', 't'] },
    updateTransforms: [
      { fieldPath: 'n', increment: { integerValue: 1 } },
      { fieldPath: 'l', appendMissingElements: { values: [value] } },
    ],
  },
  { delete: `${ROOT}/c/e`, currentDocument: { updateTime: { seconds: 5 } } },
];
const structuredQuery = {
  from: [{ collectionId: 'c' }],
  select: { fields: [{ fieldPath: 'v' }] },
  where: {
    compositeFilter: {
      op: 'AND',
      filters: [
        { fieldFilter: { field: { fieldPath: 'v.a' }, op: 'GREATER_THAN', value: { integerValue: 1 } } },
        {
          fieldFilter: {
            field: { fieldPath: 't' },
            op: 'IN',
            value: { arrayValue: { values: [{ stringValue: 'x' }] } },
          },
        },
        { unaryFilter: { field: { fieldPath: 'n' }, op: 'IS_NOT_NULL' } },
      ],
    },
  },
  orderBy: [{ field: { fieldPath: 'v.a' }, direction: 'DESCENDING' }],
  startAt: { values: [{ integerValue: 9 }], before: true },
  offset: 1,
  limit: { value: 3 },
};
const valid: [string, Uint8Array][] = [
  [
    'GetDocument',
    encoded('GetDocument', { name: `${ROOT}/c/d`, mask: { fieldPaths: ['v.a'] }, readTime: { seconds: 5 } }),
  ],
  [
    'ListDocuments',
    encoded('ListDocuments', {
      parent: ROOT,
      collectionId: 'c',
      pageSize: 3,
      showMissing: true,
      pageToken: 'Yy9k',
    }),
  ],
  [
    'ListDocuments',
    encoded('ListDocuments', {
      parent: ROOT,
      collectionId: 'c',
      orderBy: 'v.a desc, `t`, __name__',
      pageToken: 'EhQKBDAwMDASDIoBCRIHYW55IHdheQ',
    }),
  ],
  [
    'CreateDocument',
    encoded('CreateDocument', {
      parent: ROOT,
      collectionId: 'c',
      documentId: 'x',
      document: { fields: document.fields },
    }),
  ],
  ['UpdateDocument', encoded('UpdateDocument', { document, updateMask: { fieldPaths: ['v'] } })],
  ['DeleteDocument', encoded('DeleteDocument', { name: `${ROOT}/c/d`, currentDocument: { exists: true } })],
  [
    'BatchGetDocuments',
    encoded('BatchGetDocuments', {
      database: DATABASE,
      // Damage may make the transaction one that locks: nothing else here wants these.
      documents: [`${ROOT}/read/d`, `${ROOT}/read/e`],
      newTransaction: { readOnly: {} },
    }),
  ],
  [
    'BeginTransaction',
    encoded('BeginTransaction', {
      database: DATABASE,
      options: { readWrite: { retryTransaction: Buffer.from('abc') } },
    }),
  ],
  ['Commit', encoded('Commit', { database: DATABASE, writes })],
  ['Rollback', encoded('Rollback', { database: DATABASE, transaction: Buffer.from('abc') })],
  ['RunQuery', encoded('RunQuery', { parent: ROOT, structuredQuery })],
  [
    'RunAggregationQuery',
    encoded('RunAggregationQuery', {
      parent: ROOT,
      structuredAggregationQuery: {
        structuredQuery,
        aggregations: [
          { alias: 'n', count: {} },
          { alias: 's', sum: { field: { fieldPath: 'v.a' } } },
        ],
      },
    }),
  ],
  [
    'PartitionQuery',
    encoded('PartitionQuery', {
      parent: ROOT,
      structuredQuery: {
        from: [{ collectionId: 'c', allDescendants: true }],
        orderBy: [{ field: { fieldPath: '__name__' } }],
      },
      partitionCount: 3,
    }),
  ],
  ['ListCollectionIds', encoded('ListCollectionIds', { parent: ROOT, pageSize: 2 })],
  ['BatchWrite', encoded('BatchWrite', { database: DATABASE, writes })],
];

/** One kind of damage after another. */
const damage = fc.array(
  fc.record({
    kind: fc.constantFrom('flip', 'cut', 'insert', 'remove', 'repeat', 'byte'),
    at: fc.nat(2000),
    by: fc.nat(255),
  }),
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

  it('damaged anywhere in a stream of writes get an answer', async () => {
    const opening = encoded('Write', { database: DATABASE });
    const batch = encoded('Write', { writes });
    await fc.assert(
      fc.asyncProperty(damage, damage, async (first, second) => {
        // One well-formed batch between them: what comes after it finds the stream open.
        const messages = [opening, batch, damaged(batch, first), damaged(opening, second)];
        expectAnswer(await raw.send('Write', Buffer.concat(messages.map((message) => frame(message)))));
      }),
      { numRuns: RUNS },
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

describe('absurd messages', () => {
  const tag = (field: number, wire: number) => (field << 3) | wire;
  const nested = (bytes: Uint8Array, field: number) =>
    Buffer.concat([Buffer.from([tag(field, 2)]), varint(bytes.length), bytes]);

  /** Messages within messages: each ends with the next, after what `head` puts before it. */
  function tower(
    depth: number,
    innermost: Uint8Array,
    ...layers: { head: Uint8Array; field: number }[]
  ): Buffer {
    const parts: Uint8Array[] = [innermost];
    let length = innermost.length;
    for (let level = 0; level < depth; level++) {
      for (const { head, field } of layers) {
        const start = Buffer.concat([head, Buffer.from([tag(field, 2)]), varint(length)]);
        parts.push(start);
        length += start.length;
      }
    }
    return Buffer.concat(parts.reverse());
  }

  function varint(value: number): Buffer {
    const bytes: number[] = [];
    for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
    return Buffer.from([...bytes, value]);
  }

  it.each(UNARY)('with groups in groups get an error from %s', async (method) => {
    // Megabytes cost the transport more than the decoder: one method stands for all.
    for (const count of method === 'Commit' ? [100, 5_000_000] : [100, 100_000]) {
      const answer = await raw.call(method, Buffer.alloc(count, tag(15, 3)));
      expectAnswer(answer);
      expect(answer.status).not.toBe(0);
    }
  });

  it('with values nested beyond any limit get an error', async () => {
    for (const depth of [21, 1_000, 20_000]) {
      const none = Buffer.alloc(0);
      const key = nested(Buffer.from('k'), 1);
      const value = tower(
        depth,
        Buffer.from([tag(11, 0), 0]),
        { head: key, field: 2 },
        { head: none, field: 1 },
        { head: none, field: 6 },
      );
      const fields = nested(Buffer.concat([nested(Buffer.from('f'), 1), nested(value, 2)]), 2);
      const update = nested(Buffer.concat([nested(Buffer.from(`${ROOT}/c/deep`), 1), fields]), 1);
      const commit = Buffer.concat([nested(Buffer.from(DATABASE), 1), nested(update, 2)]);
      const answer = await raw.call('Commit', commit);
      expectAnswer(answer);
      expect(answer.status).toBe(3);
    }
  });

  it('with filters in filters get an error', async () => {
    for (const depth of [50, 5_000, 50_000]) {
      const and = Buffer.from([tag(1, 0), 1]);
      const filter = tower(
        depth,
        Buffer.alloc(0),
        { head: and, field: 2 },
        { head: Buffer.alloc(0), field: 1 },
      );
      const from = nested(nested(Buffer.from('c'), 2), 2);
      const answer = await raw.call(
        'RunQuery',
        Buffer.concat([nested(Buffer.from(ROOT), 1), nested(Buffer.concat([from, nested(filter, 3)]), 2)]),
      );
      expectAnswer(answer);
      expect(answer.status).not.toBe(0);
    }
  });

  it('with names that an error message cuts within a character get an error', async () => {
    for (const start of ['', 'a']) {
      const answer = await raw.call(
        'GetDocument',
        encoded('GetDocument', { name: `${ROOT}/c/${start}${'😀'.repeat(1_000)}` }),
      );
      expect(answer.status).toBe(3);
    }
  });

  it('with a disjunction of a billion get an error at once', async () => {
    const either = {
      compositeFilter: {
        op: 'OR',
        filters: Array.from({ length: 10 }, (_, at) => ({
          fieldFilter: { field: { fieldPath: 'a' }, op: 'EQUAL', value: { integerValue: at } },
        })),
      },
    };
    const where = { compositeFilter: { op: 'AND', filters: Array.from({ length: 200 }, () => either) } };
    const answer = await raw.call(
      'RunQuery',
      encoded('RunQuery', { parent: ROOT, structuredQuery: { from: [{ collectionId: 'c' }], where } }),
    );
    expect(answer.status).toBe(3);
  });

  it('of many bytes get an error that says which limit', async () => {
    const big = Buffer.alloc(10 * 1024 * 1024 + 1);
    // One that answers once and one that answers in a stream: the others share their way in.
    for (const method of ['Commit', 'RunQuery']) {
      const answer = await raw.call(method, big);
      expect([method, answer.status]).toEqual([method, 3]);
      expect(answer.message).toMatch(/exceeds the limit/);
    }
    // More than gRPC itself would take by default or at Google's limit.
    expect((await raw.call('Commit', Buffer.alloc(40 * 1024 * 1024))).status).toBe(3);
  });

  it.each([
    ['names', 'GetDocument', { name: `${ROOT}/${'a/'.repeat(100_000)}b` }],
    [
      'field paths',
      'GetDocument',
      { name: `${ROOT}/c/d`, mask: { fieldPaths: ['a.'.repeat(100_000) + 'a'] } },
    ],
    ['unclosed quotes', 'GetDocument', { name: `${ROOT}/c/d`, mask: { fieldPaths: ['`'.repeat(100_001)] } }],
    ['tokens', 'ListDocuments', { parent: ROOT, collectionId: 'c', pageToken: 'x'.repeat(1_000_000) }],
    ['orders', 'ListDocuments', { parent: ROOT, collectionId: 'c', orderBy: 'a desc,'.repeat(50_000) + '`' }],
    ['page sizes', 'ListDocuments', { parent: ROOT, collectionId: 'c', pageSize: 2 ** 31 - 1 }],
    ['negative page sizes', 'ListCollectionIds', { parent: ROOT, pageSize: -5 }],
    [
      'negative offsets',
      'RunQuery',
      { parent: ROOT, structuredQuery: { from: [{ collectionId: 'c' }], offset: -1 } },
    ],
    [
      'large offsets and limits',
      'RunQuery',
      {
        parent: ROOT,
        structuredQuery: {
          from: [{ collectionId: 'c' }],
          offset: 2 ** 31 - 1,
          limit: { value: 2 ** 31 - 1 },
        },
      },
    ],
    ['transaction ids', 'Commit', { database: DATABASE, transaction: Buffer.alloc(1_000_000, 7) }],
    [
      'timestamps',
      'GetDocument',
      { name: `${ROOT}/c/d`, readTime: { seconds: '9223372036854775807', nanos: -1 } },
    ],
    [
      'documents asked for',
      'BatchGetDocuments',
      { database: DATABASE, documents: Array.from({ length: 20_000 }, (_, at) => `${ROOT}/c/${at}`) },
    ],
    [
      'masks',
      'GetDocument',
      { name: `${ROOT}/c/d`, mask: { fieldPaths: Array.from({ length: 50_000 }, (_, at) => `f${at}`) } },
    ],
    [
      'writes',
      'Commit',
      { database: DATABASE, writes: Array.from({ length: 5_000 }, () => ({ delete: `${ROOT}/c/d` })) },
    ],
  ])('with absurd %s get an answer', async (_, method, request) => {
    expectAnswer(await raw.call(method, encoded(method, request)));
  });

  it.each([
    '',
    '/',
    'projects',
    `${DATABASE}`,
    `${ROOT}//a`,
    `${ROOT}/a/`,
    `${ROOT}/a/..`,
    `${ROOT}/__a__/b`,
    'projects//databases//documents/a/b',
    `${ROOT}/a/${'x'.repeat(1501)}`,
    `${ROOT}/\u0000/\u0000`,
    '/'.repeat(50),
  ])('with the name %j get an answer everywhere', async (name) => {
    const requests: [string, object][] = [
      ['GetDocument', { name }],
      ['DeleteDocument', { name }],
      ['UpdateDocument', { document: { name } }],
      ['CreateDocument', { parent: name, collectionId: 'c', documentId: 'd' }],
      ['CreateDocument', { parent: ROOT, collectionId: name, documentId: 'd' }],
      ['CreateDocument', { parent: ROOT, collectionId: 'c', documentId: name }],
      ['ListDocuments', { parent: name, collectionId: 'c' }],
      ['ListCollectionIds', { parent: name }],
      ['BatchGetDocuments', { database: name, documents: [name] }],
      ['BatchGetDocuments', { database: DATABASE, documents: [name] }],
      ['BeginTransaction', { database: name }],
      ['Commit', { database: name }],
      ['Commit', { database: DATABASE, writes: [{ delete: name }] }],
      ['Rollback', { database: name, transaction: Buffer.from('x') }],
      ['BatchWrite', { database: DATABASE, writes: [{ delete: name }] }],
      ['RunQuery', { parent: name, structuredQuery: { from: [{ collectionId: 'c' }] } }],
      ['RunQuery', { parent: ROOT, structuredQuery: { from: [{ collectionId: name }] } }],
    ];
    for (const [method, request] of requests) expectAnswer(await raw.call(method, encoded(method, request)));
  });
});
