import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../src/storage/database.ts';
import { Document } from '../src/document/document.ts';
import { decodeRecord, encodeRecord } from '../src/storage/record.ts';
import { Segments } from '../src/storage/segments.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-firestore-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Opens the directory as the engine does and keeps the present in a database. */
function open(compactAt?: number) {
  const database = new Database('d');
  const replay = (bytes: Uint8Array) => {
    const record = decodeRecord(bytes);
    for (const { path, document } of record.documents) database.load(document, path, record.time);
  };
  const segments = new Segments(directory, replay, { compactAt });
  let time = 0;
  const put = async (path: string, n?: number) => {
    const document = n === undefined ? undefined : Document.of(path, new Map([['n', BigInt(n)]]), 1, ++time);
    await segments.append(encodeRecord({ database: 'd', time: ++time, documents: [{ path, document }] }));
    database.load(document, path, time);
  };
  const state = () =>
    [...database.everything()].map((document) => [document.path, Number(document.fields().get('n'))]);
  return { database, segments, put, state };
}

it('replaces the log by a snapshot while commits go on', async () => {
  const first = open();
  for (let n = 0; n < 50; n++) await first.put(`c/${n % 5}`, n);
  await first.put('c/4');
  const compacted = first.segments.compact(() => [first.database]);
  const late = first.put('c/late', 1);
  await Promise.all([compacted, late]);
  await first.put('c/0', 99);
  const expected = first.state();
  await first.segments.close();
  expect(readdirSync(directory).sort()).toEqual(['log-00000002', 'snapshot-00000001']);
  const second = open();
  expect(second.state()).toEqual(expected);
  await second.segments.compact(() => [second.database]);
  await second.segments.close();
  expect(open().state()).toEqual(expected);
});

it('grows into a snapshot by itself', async () => {
  const { segments, put } = open(1_000);
  while (!segments.isGrown) await put('c/1', 1);
  await segments.close();
});

it('a crash between the snapshot and the removal of the log is harmless', async () => {
  const first = open();
  for (let n = 0; n < 9; n++) await first.put(`c/${n % 3}`, n);
  const expected = first.state();
  const log = join(directory, 'log-00000001');
  copyFileSync(log, `${log}.kept`);
  await first.segments.compact(() => [first.database]);
  await first.segments.close();
  copyFileSync(`${log}.kept`, log);
  writeFileSync(join(directory, 'snapshot-00000002.unfinished'), 'half of it');
  const second = open();
  expect(second.state()).toEqual(expected);
  await second.segments.close();
  expect(readdirSync(directory)).not.toContain('log-00000001');
});
