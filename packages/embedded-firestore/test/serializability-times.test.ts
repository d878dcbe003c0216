import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timestamp } from '@google-cloud/firestore';
import { startTarget } from './support/client.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-firestore-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('the time of a read never goes back while commits are on their way to the disk', async () => {
  const target = await startTarget(directory);
  const db = target.client();
  let isWriting = true;
  const writers = [1, 2, 3].map(async (writer) => {
    for (let n = 0; n < 40; n++) await db.doc(`written/w${writer}`).set({ n });
  });
  const written = Promise.all(writers).then(() => (isWriting = false));
  const times: Timestamp[] = [];
  while (isWriting) {
    times.push((await db.doc('written/w1').get()).readTime);
    times.push(
      await db.runTransaction(async (t) => (await t.get(db.doc('written/w2'))).readTime, { readOnly: true }),
    );
  }
  await written;
  const texts = times.map((time) => time.valueOf());
  expect(texts).toEqual([...texts].sort());
  await target.stop();
});
