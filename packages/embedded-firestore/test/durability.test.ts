import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Firestore } from '@google-cloud/firestore';
import { Engine } from '../src/engine.ts';
import { startEmbeddedFirestore } from '../src/index.ts';
import { systemDisk } from '../src/storage/disk.ts';
import type { Disk } from '../src/storage/disk.ts';
import { Log } from '../src/storage/log.ts';
import { startTarget } from './support/client.ts';

/** CRASHES=100 for a long look. */
const CRASHES = Number(process.env['CRASHES'] ?? 2);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-firestore-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Serves the directory while `work` runs. */
async function serving<T>(work: (db: Firestore) => Promise<T>): Promise<T> {
  const target = await startTarget(directory);
  try {
    return await work(target.client('durable'));
  } finally {
    await target.stop();
  }
}

async function appendAll(path: string, records: string[]): Promise<number[]> {
  const log = Log.open(path, () => undefined);
  const sizes: number[] = [];
  for (const record of records) {
    await log.append(Buffer.from(record));
    sizes.push(log.size);
  }
  await log.close();
  return sizes;
}

async function replayed(path: string): Promise<string[]> {
  const records: string[] = [];
  const log = Log.open(path, (record) => records.push(Buffer.from(record).toString()));
  await log.close();
  return records;
}

describe('a data directory', () => {
  it('keeps documents, times and deletions over restarts', async () => {
    const before = await serving(async (db) => {
      await db.doc('a/kept').set({ n: 1, deep: { s: 'x' } });
      await db.doc('a/gone').set({ n: 1 });
      await db.doc('a/gone').delete();
      await db.doc('a/kept').update({ n: 2 });
      return db.doc('a/kept').get();
    });
    await serving(async (db) => {
      const after = await db.doc('a/kept').get();
      expect(after.data()).toEqual({ n: 2, deep: { s: 'x' } });
      expect(after.createTime).toEqual(before.createTime);
      expect(after.updateTime).toEqual(before.updateTime);
      expect((await db.collection('a').get()).size).toBe(1);
    });
  });

  it('is cut where a record is torn, at whatever byte', async () => {
    const path = join(directory, 'torn');
    const records = ['first', 'second', 'the third'];
    const sizes = await appendAll(path, records);
    const whole = readFileSync(path);
    for (let cut = sizes[1]! + 1; cut < whole.length; cut++) {
      writeFileSync(path, whole.subarray(0, cut));
      await appendAll(path, ['new']);
      expect(await replayed(path)).toEqual(['first', 'second', 'new']);
    }
    for (let at = sizes[1]!; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      writeFileSync(path, damaged);
      expect(await replayed(path)).toEqual(['first', 'second']);
    }
  });

  it.each([
    ['zeros', Buffer.alloc(64)],
    ['noise', Buffer.from('ffffffff00000000aabbccdd', 'hex')],
  ])('is cut before %s', async (_, junk) => {
    const path = join(directory, 'log');
    await appendAll(path, ['first']);
    appendFileSync(path, junk);
    await appendAll(path, ['second']);
    expect(await replayed(path)).toEqual(['first', 'second']);
  });

  it('has room for what follows, which is cut off at start', async () => {
    const path = join(directory, 'log');
    const log = Log.open(path, () => undefined);
    await log.append(Buffer.from('first'));
    const left = readFileSync(path);
    await log.append(Buffer.from('second'));
    await log.close();
    expect(left.length).toBeGreaterThan(1_000);
    expect(readFileSync(path).length).toBeLessThan(100);
    writeFileSync(path, left);
    await appendAll(path, ['third']);
    expect(await replayed(path)).toEqual(['first', 'third']);
  });

  it('belongs to one process at a time', async () => {
    const first = new Engine({ directory });
    await expect(startEmbeddedFirestore({ dataDirectory: directory })).rejects.toThrow(
      /in use by another process/,
    );
    await first.close();
    await new Engine({ directory }).close();
  });

  it('that cannot be used is named', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(() => new Engine({ directory: file })).toThrow(/file cannot be used/);
  });
});

it('a port in use is named', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(startEmbeddedFirestore({ port })).rejects.toThrow(
    new RegExp(`127.0.0.1:${port} because another program`),
  );
  other.close();
});

describe('a disk that is full', () => {
  const database = 'projects/p/databases/d';
  const full = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const paths = (engine: Engine) => [...engine.database(database).data.everything()].map(({ path }) => path);
  const put = (engine: Engine, path: string) =>
    engine
      .database(database)
      .commit([{ kind: 'update', path, fields: new Map(), transforms: [], precondition: {} }]);

  it.each<[string, (isFull: () => boolean) => Partial<Disk>]>([
    [
      'at once',
      (isFull) => ({
        flush: (...args) => {
          if (isFull()) throw full();
          return systemDisk.flush(...args);
        },
      }),
    ],
    [
      'in the middle of a record, which cannot be cut off at first',
      (isFull) => ({
        flush: (fd, bytes, position) => {
          if (!isFull()) return systemDisk.flush(fd, bytes, position);
          void systemDisk.flush(fd, bytes.subarray(0, 13), position);
          throw full();
        },
        truncate: (fd, size) => {
          if (isFull()) throw full();
          systemDisk.truncate(fd, size);
        },
      }),
    ],
    [
      'when everything has been written, on a slow disk',
      (isFull) => ({
        flush: async (...args) => {
          await systemDisk.flush(...args);
          if (isFull()) throw full();
        },
      }),
    ],
  ])('refuses commits, keeps what was acknowledged and goes on when there is room: %s', async (_, broken) => {
    let isFull = false;
    const engine = new Engine({ directory, disk: { ...systemDisk, ...broken(() => isFull) } });
    await put(engine, 'c/before');
    isFull = true;
    const refused = await Promise.allSettled(['c/1', 'c/2'].map((path) => put(engine, path)));
    expect(refused.map((each) => each.status === 'rejected' && String(each.reason))).toEqual(
      Array(2).fill(expect.stringContaining('could not be written to disk: Error: ENOSPC')),
    );
    await expect(put(engine, 'c/3')).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(paths(engine)).toEqual(['c/before']);
    isFull = false;
    await put(engine, 'c/after');
    expect(engine.database(database).locked).toBe(0);
    await engine.close();
    const again = new Engine({ directory });
    expect(paths(again)).toEqual(['c/after', 'c/before']);
    await again.close();
  });
});

describe('kill -9', () => {
  it(
    'loses no acknowledged commit',
    async () => {
      const acknowledged = new Map<string, number>();
      for (let round = 0; round < CRASHES; round++) await killWhileWriting(round, acknowledged);
      await serving(async (db) => {
        const stored = new Map(
          (await db.collection('a').get()).docs.map((d) => [d.id, d.get('n') as number]),
        );
        for (const [id, n] of acknowledged) expect([id, stored.get(id)! >= n]).toEqual([id, true]);
        const pairs = await Promise.all([db.collection('left').get(), db.collection('right').get()]);
        expect(pairs[0].docs.map((d) => d.id)).toEqual(pairs[1].docs.map((d) => d.id));
      });
    },
    30_000 + CRASHES * 5_000,
  );

  async function killWhileWriting(round: number, acknowledged: Map<string, number>): Promise<void> {
    const script = join(import.meta.dirname, 'support/crashing-writer.ts');
    const child = spawn(process.execPath, [script, directory, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, METADATA_SERVER_DETECTION: 'none' },
    });
    const killAfter = 1 + Math.floor(Math.random() * 100);
    let lines = 0;
    for await (const line of createInterface(child.stdout)) {
      const [writer, value] = line.split(' ') as [string, string];
      acknowledged.set(writer, Number(value));
      if (++lines === killAfter) child.kill('SIGKILL');
    }
  }
});
