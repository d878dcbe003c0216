import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import './support/client.ts';

let server: EmbeddedFirestore;
let db: Firestore;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
  db = new Firestore({ projectId: 'demo', host: server.address, ssl: false });
});
afterAll(async () => {
  await db.terminate();
  await server.close();
});

it('HTTP DELETE clears one database', async () => {
  const other = new Firestore({ projectId: 'other', host: server.address, ssl: false });
  await Promise.all([db.doc('a/b').set({}), db.doc('a/b/c/d').set({}), other.doc('a/b').set({})]);
  const url = `http://${server.address}/emulator/v1/projects/demo/databases/(default)/documents`;
  const response = await fetch(url, { method: 'DELETE' });
  expect(response.status).toBe(200);
  expect(await db.listCollections()).toEqual([]);
  expect((await other.doc('a/b').get()).exists).toBe(true);
  await other.terminate();
});

it('other HTTP requests get an answer', async () => {
  expect((await fetch(`http://${server.address}/`)).status).toBe(200);
  expect((await fetch(`http://${server.address}/nothing`)).status).toBe(404);
});
