import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Firestore } from '@google-cloud/firestore';
import type { QuerySnapshot } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import './support/client.ts';
import { lowLevelClient } from './support/low-level-client.ts';
import type { LowLevelClient } from './support/low-level-client.ts';

/* The Listen RPC as Google's low-level client shows it: tokens, counts and flow, which `onSnapshot` hides. */

const DATABASE = 'projects/streams/databases/(default)';
const ROOT = `${DATABASE}/documents`;

let server: EmbeddedFirestore;
let db: Firestore;
let low: LowLevelClient;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
  db = new Firestore({ projectId: 'streams', host: server.address, ssl: false });
  low = lowLevelClient(server);
});
afterAll(async () => {
  await Promise.all([db.terminate(), low.close()]);
  await server.close();
});

interface Told {
  targetChange?: {
    targetChangeType: string;
    targetIds: number[];
    resumeToken: Buffer;
    cause: { code: number; message: string } | null;
  };
  documentChange?: { document: { name: string; fields: { n?: { integerValue: string } } } };
  documentDelete?: { document: string };
  filter?: { count: number };
}

const streams: { end(): void; destroy(): void }[] = [];
afterEach(() => streams.splice(0).forEach((stream) => stream.destroy()));

function open() {
  const stream = low.listen();
  streams.push(stream);
  stream.on('error', () => undefined);
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Told>;
  const until = async (isLast: (told: Told) => boolean): Promise<Told[]> => {
    const all: Told[] = [];
    for (;;) {
      const { value, done } = (await iterator.next()) as IteratorResult<Told, undefined>;
      if (done) throw new Error(`The stream ended after ${all.map(short).join(', ')}.`);
      all.push(value);
      if (isLast(value)) return all;
    }
  };
  const add = (target: object) => stream.write({ database: DATABASE, addTarget: { targetId: 1, ...target } });
  return { stream, add, until };
}

const isCurrent = ({ targetChange }: Told) => targetChange?.targetChangeType === 'CURRENT';
const isRemoved = ({ targetChange }: Told) => targetChange?.targetChangeType === 'REMOVE';
const id = (name: string) => name.slice(name.lastIndexOf('/') + 1);

function short(told: Told): string {
  if (told.documentChange) return `changed ${id(told.documentChange.document.name)}`;
  if (told.documentDelete) return `deleted ${id(told.documentDelete.document)}`;
  if (told.filter) return `count ${told.filter.count}`;
  return told.targetChange!.targetChangeType.toLowerCase();
}

let made = 0;
let collection: string;
beforeEach(() => {
  collection = `c${++made}`;
});
const things = () => db.collection(collection);
const query = () => ({ query: { parent: ROOT, structuredQuery: { from: [{ collectionId: collection }] } } });

/** Listens until all is known, and returns the token of that moment. */
async function tokenOfNow(target: object): Promise<Buffer> {
  const { add, until, stream } = open();
  add(target);
  const all = await until(isCurrent);
  stream.end();
  return all.at(-1)!.targetChange!.resumeToken;
}

describe('a resume token', () => {
  it('brings what has changed since, and the count that must result', async () => {
    await Promise.all(['a', 'b', 'same'].map((name) => things().doc(name).set({ n: 1 })));
    const resumeToken = await tokenOfNow(query());
    await things().doc('a').delete();
    await things().doc('b').update({ n: 2 });
    await things().doc('new').set({ n: 3 });
    const { add, until } = open();
    add({ ...query(), resumeToken });
    const all = (await until(isCurrent)).map(short);
    expect(all.toSorted()).toEqual(['add', 'changed b', 'changed new', 'count 3', 'current', 'deleted a']);
    await things().doc('same').delete();
    expect((await until(({ documentDelete }) => documentDelete !== undefined)).map(short)).toContain(
      'deleted same',
    );
  });

  it('of documents by name does the same', async () => {
    const documents = { documents: { documents: ['a', 'b'].map((name) => `${ROOT}/${collection}/${name}`) } };
    await things().doc('a').set({ n: 1 });
    const resumeToken = await tokenOfNow(documents);
    await things().doc('a').delete();
    await things().doc('b').set({ n: 1 });
    const { add, until } = open();
    add({ ...documents, resumeToken });
    expect((await until(isCurrent)).map(short).toSorted()).toEqual([
      'add',
      'changed b',
      'count 1',
      'current',
      'deleted a',
    ]);
  });

  it('from before the history that is kept brings everything anew', async () => {
    await things().doc('a').set({ n: 1 });
    const { add, until } = open();
    const resumeToken = Buffer.alloc(8);
    resumeToken.writeDoubleBE(1);
    add({ ...query(), resumeToken });
    expect((await until(isCurrent)).map(short)).toEqual(['add', 'reset', 'changed a', 'current']);
  });

  it('of another server ends its target alone', async () => {
    const { add, until } = open();
    add({ ...query(), resumeToken: Buffer.from('short') });
    const { targetChange } = (await until(isRemoved)).at(-1)!;
    expect(targetChange!.cause).toMatchObject({ code: 3, message: expect.stringMatching(/resume token/) });
    add({ ...query(), targetId: 2 });
    expect(short((await until(isCurrent)).at(-1)!)).toBe('current');
  });
});

it('a slow listener costs the commits nothing, and learns the outcome instead of the way', async () => {
  const commits = 150;
  const text = 'x'.repeat(50_000);
  const { stream, add, until } = open();
  add(query());
  await until(isCurrent);
  stream.pause();
  for (let n = 1; n <= commits; n++) await things().doc('a').set({ n, text });
  stream.resume();
  const isLast = ({ documentChange }: Told) =>
    documentChange?.document.fields.n?.integerValue === String(commits);
  const changes = (await until(isLast)).filter(({ documentChange }) => documentChange);
  expect(changes.length).toBeLessThan(commits / 2);
});

describe('onSnapshot whose connection breaks', () => {
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const onward = connect(server.port, server.host);
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on('error', () => undefined).on('close', () => sockets.delete(end));
    }
    socket.pipe(onward).pipe(socket);
  });
  beforeAll(() => once(proxy.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => {
    sockets.forEach((socket) => socket.destroy());
    proxy.close();
  });

  it('goes on with exactly what it has missed', async () => {
    const { port } = proxy.address() as AddressInfo;
    const far = new Firestore({ projectId: 'streams', host: `127.0.0.1:${port}`, ssl: false });
    await Promise.all(['a', 'b', 'same'].map((name) => things().doc(name).set({ n: 1 })));
    let arrived = Promise.withResolvers<QuerySnapshot>();
    const stop = far.collection(collection).onSnapshot((snapshot) => arrived.resolve(snapshot));
    expect((await arrived.promise).size).toBe(3);
    arrived = Promise.withResolvers<QuerySnapshot>();
    sockets.forEach((socket) => socket.destroy());
    await db
      .batch()
      .delete(things().doc('a'))
      .update(things().doc('b'), { n: 2 })
      .set(things().doc('new'), { n: 3 })
      .commit();
    const changes = (await arrived.promise).docChanges().map(({ type, doc }) => `${type} ${doc.id}`);
    expect(changes.sort()).toEqual(['added new', 'modified b', 'removed a']);
    stop();
    await far.terminate();
  });
});
