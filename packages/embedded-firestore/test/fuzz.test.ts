import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, credentials } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { randomBytes } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { methods } from '../src/grpc/protocol.ts';
import './support/client.ts';

const INTERNAL = 13;
const identity = (bytes: Buffer) => bytes;

let server: EmbeddedFirestore;
let client: Client;
let db: Firestore;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
  client = new Client(server.address, credentials.createInsecure());
  db = new Firestore({ projectId: 'demo', host: server.address, ssl: false });
  await db.doc('a/b').set({ n: 1 });
});
afterAll(async () => {
  client.close();
  await db.terminate();
  await server.close();
});

/** The status of a call with these bytes as its request; 0 when it succeeds. */
function call(path: string, bytes: Buffer): Promise<number> {
  const deadline = Date.now() + 20_000;
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest(path, identity, identity, { deadline });
    stream.on('data', () => undefined);
    stream.on('error', (error: ServiceError) => resolve(error.code));
    stream.on('status', ({ code }) => resolve(code));
    stream.write(bytes);
    stream.end();
  });
}

/** Well-formed beginnings, so that the noise gets past the first field. */
const name = Buffer.from('projects/demo/databases/(default)/documents/x/y'); // not the document that must survive
const seeds = [
  Buffer.alloc(0),
  Buffer.concat([Buffer.from([10, name.length]), name]),
  Buffer.concat([Buffer.from([10, name.length - 14]), name.subarray(0, -14)]),
  Buffer.concat([Buffer.from([10, name.length - 4]), name.subarray(0, -4)]),
];

it.each([...methods().keys()])('%s answers noise with an error, and lives on', async (method) => {
  const path = `/google.firestore.v1.Firestore/${method}`;
  const cases = Array.from({ length: 60 }, (_, at) =>
    Buffer.concat([seeds[at % seeds.length]!, randomBytes(at)]),
  );
  const statuses = await Promise.all(cases.map((bytes) => call(path, bytes)));
  expect(statuses).not.toContain(INTERNAL);
  expect((await db.doc('a/b').get()).data()).toEqual({ n: 1 });
});

it('a value nested a thousand times deep is refused', async () => {
  let value = Buffer.from([88, 0]);
  const wrap = (tag: number, bytes: Buffer) => {
    const length = [];
    for (let rest = bytes.length; ; rest >>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
  };
  for (let depth = 0; depth < 1_000; depth++)
    value = wrap(50, wrap(10, Buffer.concat([Buffer.from([10, 1, 97]), wrap(18, value)])));
  const document = Buffer.concat([
    wrap(10, name),
    wrap(18, Buffer.concat([Buffer.from([10, 1, 97]), wrap(18, value)])),
  ]);
  const request = Buffer.concat([wrap(10, name.subarray(0, -14)), wrap(18, wrap(10, document))]);
  expect(await call('/google.firestore.v1.Firestore/Commit', request)).toBe(3);
});

it('a request beyond 10 MiB is refused', async () => {
  const request = Buffer.concat([Buffer.from([10, 128, 128, 128, 6]), Buffer.alloc(12 * 1024 * 1024)]);
  expect(await call('/google.firestore.v1.Firestore/Commit', request)).toBe(3);
});
