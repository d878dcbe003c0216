import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { Status } from './support/client.ts';
import { lowLevelClient } from './support/low-level-client.ts';
import type { LowLevelClient } from './support/low-level-client.ts';

/* The Write RPC, by which web and mobile clients send their changes, as Google's low-level client shows it. */

const DATABASE = 'projects/writes/databases/(default)';
const ROOT = `${DATABASE}/documents`;

let server: EmbeddedFirestore;
let db: Firestore;
let low: LowLevelClient;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
  db = new Firestore({ projectId: 'writes', host: server.address, ssl: false });
  low = lowLevelClient(server);
});
afterAll(async () => {
  await Promise.all([db.terminate(), low.close()]);
  await server.close();
});

interface Answer {
  streamId: string;
  streamToken: Buffer;
  writeResults: { updateTime: object | null; transformResults: { integerValue: string }[] }[];
  commitTime: object | null;
}

const streams: { destroy(): void }[] = [];
afterEach(() => streams.splice(0).forEach((stream) => stream.destroy()));

function open() {
  const stream = low.write();
  streams.push(stream);
  stream.on('error', () => undefined);
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Answer, undefined>;
  return {
    send: (request: object) => void stream.write(request),
    end: () => void stream.end(),
    next: async () => (await iterator.next()).value!,
    isOver: async () => (await iterator.next()).done === true,
  };
}

async function shakenHands() {
  const stream = open();
  stream.send({ database: DATABASE });
  const { streamId, streamToken } = await stream.next();
  return { ...stream, streamId, streamToken };
}

let made = 0;
let collection: string;
beforeEach(() => {
  collection = `c${++made}`;
});
const name = (id: string) => `${ROOT}/${collection}/${id}`;
const set = (id: string, n: number) => ({ update: { name: name(id), fields: { n: { integerValue: n } } } });
const increment = (id: string) => ({
  update: { name: name(id) },
  updateMask: { fieldPaths: [] },
  updateTransforms: [{ fieldPath: 'n', increment: { integerValue: 1 } }],
});
const stored = async (id: string) => (await db.doc(`${collection}/${id}`).get()).get('n') as unknown;

it('opens with an id and a token, and answers each batch with results and the time', async () => {
  const { streamId, streamToken, send, next, end, isOver } = await shakenHands();
  expect(streamId).not.toBe('');
  send({ streamToken, writes: [set('a', 1), increment('a'), { delete: name('b') }] });
  const answer = await next();
  expect(answer.streamId).toBe('');
  expect(answer.streamToken).not.toEqual(streamToken);
  expect(answer.commitTime).not.toBeNull();
  const [written, changed, deleted] = answer.writeResults;
  expect(written!.updateTime).toEqual(answer.commitTime);
  expect(changed!.transformResults).toMatchObject([{ integerValue: '2' }]);
  expect(deleted!.updateTime).toBeNull();
  expect(await stored('a')).toBe(2);
  end();
  expect(await isOver()).toBe(true);
});

it('answers in order what is sent without waiting, and all of it before the end', async () => {
  const { streamToken, send, next, end, isOver } = await shakenHands();
  const batches = 200;
  for (let n = 1; n <= batches; n++) send({ streamToken, writes: [increment('counter')] });
  end();
  for (let n = 1; n <= batches; n++) {
    expect((await next()).writeResults[0]!.transformResults[0]!.integerValue).toBe(String(n));
  }
  expect(await isOver()).toBe(true);
  expect(await stored('counter')).toBe(batches);
});

it('takes a request without writes as a sign of life', async () => {
  const { streamToken, send, next } = await shakenHands();
  send({ streamToken });
  const answer = await next();
  expect(answer.writeResults).toEqual([]);
  expect(answer.commitTime).toBeNull();
  send({ database: DATABASE, streamToken: answer.streamToken, writes: [set('a', 1)] });
  expect((await next()).writeResults).toHaveLength(1);
});

it('ends with the error of a batch: nothing of it is written, and nothing that was sent after it', async () => {
  const { streamToken, send, next } = await shakenHands();
  send({ streamToken, writes: [set('a', 1)] });
  const missing = { ...set('missing', 1), currentDocument: { exists: true } };
  send({ streamToken, writes: [set('a', 2), missing] });
  send({ streamToken, writes: [set('a', 3)] });
  await next();
  await expect(next()).rejects.toMatchObject({
    code: Status.notFound,
    details: expect.stringMatching(/No document to update/),
  });
  expect(await stored('a')).toBe(1);
});

describe('is refused', () => {
  const invalid = (message: RegExp) => ({
    code: Status.invalidArgument,
    details: expect.stringMatching(message),
  });

  it.each([
    ['without a database', {}, /database/i],
    ['with a database that has no proper name', { database: 'projects/x' }, /database/i],
    ['for a stream that is not there', { database: DATABASE, streamId: 'x' }, /no write stream "x"/],
    ['with a token', { database: DATABASE, streamToken: Buffer.from('1') }, /stream_token/],
    ['with writes', { database: DATABASE, writes: [{ delete: `${ROOT}/c/d` }] }, /no writes/],
  ])('a first request %s', async (_, request, message) => {
    const { send, next } = open();
    send(request);
    await expect(next()).rejects.toMatchObject(invalid(message));
  });

  it('a token of another stream', async () => {
    const other = await shakenHands();
    const { send, next } = await shakenHands();
    send({ streamToken: other.streamToken, writes: [set('a', 1)] });
    await expect(next()).rejects.toMatchObject(invalid(/not one of this stream/));
    expect(await stored('a')).toBeUndefined();
  });

  it('a token of an answer that is still to come', async () => {
    const { streamId, send, next } = await shakenHands();
    send({ streamToken: Buffer.from(`${streamId}:2`), writes: [set('a', 1)] });
    await expect(next()).rejects.toMatchObject(invalid(/not one of this stream/));
  });

  it('a token that is older than an acknowledged one', async () => {
    const { streamToken, send, next } = await shakenHands();
    send({ streamToken });
    send({ streamToken: (await next()).streamToken });
    await next();
    send({ streamToken, writes: [set('a', 1)] });
    await expect(next()).rejects.toMatchObject(invalid(/older/));
  });

  it.each([
    ['with the id of the stream', (id: string) => ({ streamId: id }), /no write stream/],
    ['of another database', () => ({ database: 'projects/q/databases/(default)' }), /writes to projects/],
    ['with a write that is none', () => ({ writes: [{}] }), /update, delete, verify and transform/],
  ])('a later request %s', async (_, request, message) => {
    const { streamId, streamToken, send, next } = await shakenHands();
    send({ streamToken, writes: [set('a', 1)], ...request(streamId) });
    await expect(next()).rejects.toMatchObject(invalid(message));
    expect(await stored('a')).toBeUndefined();
  });
});

it('waits for the lock of a transaction, and answers when that is done', async () => {
  await db.doc(`${collection}/a`).set({ n: 0 });
  const { streamToken, send, next } = await shakenHands();
  await db.runTransaction(async (transaction) => {
    const before = (await transaction.get(db.doc(`${collection}/a`))).get('n') as number;
    send({ streamToken, writes: [increment('a')] });
    transaction.update(db.doc(`${collection}/a`), { n: before + 10 });
  });
  expect((await next()).writeResults[0]!.transformResults[0]!.integerValue).toBe('11');
});
