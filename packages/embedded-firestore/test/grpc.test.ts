import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { deflateSync, gzipSync } from 'node:zlib';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { DATABASE, encoded, ROOT } from './support/attack.ts';
import { answerOf, frame, RawClient } from './support/raw-grpc.ts';

/* gRPC over HTTP/2 as its specification has it: what the official clients never send, or never show. */

const Code = { deadlineExceeded: 4, invalid: 3, notFound: 5, unimplemented: 12, internal: 13 };
const MIB = 1024 * 1024;

let server: EmbeddedFirestore;
let raw: RawClient;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
});
beforeEach(async () => {
  raw = new RawClient(server.port);
  await once(raw.session, 'connect');
});
afterEach(() => raw.close());
afterAll(() => server.close());

const get = encoded('GetDocument', { name: `${ROOT}/c/none` });
const commit = (text: string) =>
  encoded('Commit', {
    database: DATABASE,
    writes: [{ update: { name: `${ROOT}/c/d`, fields: { text: { stringValue: text } } } }],
  });
const target = (targetId: number) =>
  encoded('Listen', {
    database: DATABASE,
    addTarget: { targetId, documents: { documents: [`${ROOT}/c/none`] } },
  });

describe('the headers of a request', () => {
  it.each([
    ['application/grpc', 200],
    ['application/grpc+proto', 200],
    ['application/grpc;charset=utf-8', 200],
    ['application/grpc+json', 415],
    ['application/grpc-web', 415],
    ['application/json', 415],
    ['', 415],
  ])('with the content type "%s" get HTTP %i', async (type, http) => {
    const answer = await raw.send('GetDocument', frame(get), { 'content-type': type });
    expect(answer.http).toBe(http);
    expect(answer.status).toBe(http === 200 ? Code.notFound : undefined);
  });

  it('with another method than POST get HTTP 405', async () => {
    expect((await raw.send('GetDocument', frame(get), { ':method': 'PUT' })).http).toBe(405);
    expect((await raw.send('GetDocument', frame(get), { ':method': 'DELETE' })).http).toBe(405);
  });

  it('need no te', async () => {
    expect((await raw.send('GetDocument', frame(get), { te: undefined })).status).toBe(Code.notFound);
  });

  it('of an unknown path get UNIMPLEMENTED, naming it', async () => {
    expect(await raw.call('Nothing', get)).toMatchObject({
      http: 200,
      status: Code.unimplemented,
      message: expect.stringContaining('/google.firestore.v1.Firestore/Nothing'),
    });
  });

  it.each(['', 'forever', '5', '123456789S', '-1S', '1.5S'])(
    'with the timeout "%s" are refused',
    async (timeout) => {
      const { status } = await raw.send('GetDocument', frame(get), { 'grpc-timeout': timeout });
      expect(status).toBe(Code.internal);
    },
  );

  it.each(['99999999H', '5M', '9S', '50000m'])('with the timeout "%s" are taken', async (timeout) => {
    const { status } = await raw.send('GetDocument', frame(get), { 'grpc-timeout': timeout });
    expect(status).toBe(Code.notFound);
  });

  it.each(['50m', '1000u', '1n', '0S'])('end a call that is not answered within %s', async (timeout) => {
    const stream = raw.open('Listen', { 'grpc-timeout': timeout });
    stream.write(frame(target(1)));
    expect((await answerOf(stream, 'Listen')).status).toBe(Code.deadlineExceeded);
  });
});

describe('an error', () => {
  it('of a call that answers once comes without anything before it', async () => {
    expect(await raw.call('GetDocument', get)).toMatchObject({
      isTrailersOnly: true,
      status: Code.notFound,
      messages: [],
    });
  });

  it('of a call that answers in a stream comes after the headers', async () => {
    expect(await raw.call('RunQuery', Buffer.alloc(0))).toMatchObject({
      isTrailersOnly: false,
      status: Code.invalid,
      messages: [],
    });
  });

  it('has its message in what a header may hold', async () => {
    const name = `${ROOT}/c/100% für 😀\n`;
    const { headers, message } = await raw.call('GetDocument', encoded('GetDocument', { name }));
    expect(headers['grpc-message']).toMatch(/^[\x20-\x7e]+$/);
    expect(message).toBe(`Document "${name}" not found.`);
  });
});

describe('messages', () => {
  it('may come in pieces of any size', async () => {
    const stream = raw.open('Commit');
    for (const byte of frame(commit('in pieces'))) stream.write(Buffer.from([byte]));
    stream.end();
    expect((await answerOf(stream, 'Commit')).status).toBe(0);
  });

  it('may be larger than what HTTP/2 sends at once', async () => {
    const names = Array.from({ length: 9 }, (_, at) => `${ROOT}/c/large${at}`);
    const stringValue = 'x'.repeat(MIB - 200);
    const writes = names.map((name) => ({ update: { name, fields: { stringValue: { stringValue } } } }));
    expect((await raw.call('Commit', encoded('Commit', { database: DATABASE, writes }))).status).toBe(0);
    const request = encoded('BatchGetDocuments', { database: DATABASE, documents: names });
    const { status, messages } = await raw.call('BatchGetDocuments', request);
    expect([status, messages.length]).toEqual([0, 9]);
    expect(messages.every(({ length }) => length > MIB - 200)).toBe(true);
  });

  it('may be several in one piece', async () => {
    const stream = raw.open('Listen');
    const answered = answerOf(stream, 'Listen');
    stream.end(Buffer.concat([frame(target(1)), frame(target(2))]));
    const { status, messages } = await answered;
    expect(status).toBe(0);
    expect(messages.length).toBeGreaterThanOrEqual(6);
  });

  it.each([
    ['none', Buffer.alloc(0), Code.unimplemented],
    ['two', Buffer.concat([frame(get), frame(get)]), Code.unimplemented],
    ['a part of its length', Buffer.from([0, 0]), Code.internal],
    ['a part of one', frame(get).subarray(0, -1), Code.internal],
    ['one and a part of the next', Buffer.concat([frame(get), Buffer.from([0])]), Code.internal],
  ])('of which there are %s end the call', async (_, bytes, status) => {
    expect((await raw.send('GetDocument', bytes)).status).toBe(status);
  });

  it('that will be too large are refused before they come, however long the client waits', async () => {
    for (const length of [10 * MIB + 1, 2 ** 32 - 1]) {
      const stream = raw.open('Commit');
      stream.write(frame(Buffer.alloc(0), { length }));
      expect(await answerOf(stream, 'Commit')).toMatchObject({
        status: Code.invalid,
        message: `Request payload size exceeds the limit: ${10 * MIB} bytes (this one has ${length}).`,
      });
    }
  });
});

describe('compressed messages', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('by %s are read', async (encoding, compress) => {
    const bytes = frame(compress(commit(encoding)), { compressed: 1 });
    expect((await raw.send('Commit', bytes, { 'grpc-encoding': encoding })).status).toBe(0);
    // Each message says for itself whether it is.
    expect((await raw.send('Commit', frame(commit(encoding)), { 'grpc-encoding': encoding })).status).toBe(0);
  });

  it('in an unknown way are refused, naming the known ones', async () => {
    expect(await raw.send('GetDocument', frame(get), { 'grpc-encoding': 'snappy' })).toMatchObject({
      status: Code.unimplemented,
      headers: { 'grpc-accept-encoding': 'identity,gzip,deflate' },
    });
  });

  it.each([
    ['without saying how', frame(gzipSync(get), { compressed: 1 }), {}],
    ['and something else', frame(gzipSync(get), { compressed: 2 }), { 'grpc-encoding': 'gzip' }],
    ['but are not', frame(get, { compressed: 1 }), { 'grpc-encoding': 'gzip' }],
    ['and cut off', frame(gzipSync(get).subarray(0, 12), { compressed: 1 }), { 'grpc-encoding': 'gzip' }],
  ])('that are so %s end the call', async (_, bytes, headers) => {
    expect((await raw.send('GetDocument', bytes, headers)).status).toBe(Code.internal);
  });

  it('that grow beyond the limit are refused without being held', async () => {
    const bomb = frame(gzipSync(Buffer.alloc(200 * MIB)), { compressed: 1 });
    expect(await raw.send('Commit', bomb, { 'grpc-encoding': 'gzip' })).toMatchObject({
      status: Code.invalid,
      message: expect.stringContaining('exceeds the limit'),
    });
  });
});
