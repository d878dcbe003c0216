import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Write } from '../src/document/write.ts';
import { Engine } from '../src/engine.ts';
import type { EngineDatabase } from '../src/engine.ts';
import { FirestoreError } from '../src/errors.ts';
import { executeQuery } from '../src/query/execute.ts';
import { atOnce } from '../src/slices.ts';
import { normalizeQuery } from '../src/query/normalize.ts';
import type { Query } from '../src/query/query.ts';

const DATABASE = 'projects/p/databases/d';
const CLIENTS = Number(process.env['CLIENTS'] ?? 16);
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

/** A small generator of our own, so that a failure can be run again by its seed. */
function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Committed {
  time: number;
  reads: Map<string, number | undefined>;
  queries: { query: Query; paths: string[] }[];
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-firestore-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function groupQuery(group: number, limit?: number): Query {
  return normalizeQuery({
    database: DATABASE,
    from: { parent: '', collectionId: 'c', allDescendants: false },
    where: { kind: 'field', path: ['group'], op: '==', value: BigInt(group) },
    orderBy: [{ path: ['n'], descending: false }],
    offset: 0,
    ...(limit !== undefined && { limit }),
  });
}

function put(path: string, random: (below: number) => number): Write {
  const fields = new Map([
    ['group', BigInt(random(3))],
    ['n', BigInt(random(100))],
  ]);
  return { kind: random(5) === 0 ? 'delete' : 'update', path, fields, transforms: [], precondition: {} };
}

const turn = () => new Promise(setImmediate);

/** Runs one random transaction until it commits. */
async function transact(
  database: EngineDatabase,
  random: (below: number) => number,
  counts: { aborted: number },
): Promise<Committed> {
  let retryOf: string | undefined;
  for (;;) {
    const id = await database.begin(retryOf === undefined ? {} : { retryOf });
    const done: Committed = { time: 0, reads: new Map(), queries: [] };
    try {
      for (let step = 1 + random(3); step > 0; step--) {
        await read(database, id, random, done);
        for (let wait = random(3); wait > 0; wait--) await turn();
      }
      const paths = new Set(Array.from({ length: random(3) }, () => `c/${random(8)}`));
      const { time } = await database.commit(
        [...paths].map((path) => put(path, random)),
        id,
      );
      return { ...done, time };
    } catch (error) {
      if (!(error instanceof FirestoreError) || error.status !== 'ABORTED') throw error;
      counts.aborted++;
      retryOf = id;
      await turn();
    }
  }
}

async function read(
  database: EngineDatabase,
  transaction: string,
  random: (below: number) => number,
  done: Committed,
): Promise<void> {
  if (random(3) === 0) {
    const query = groupQuery(random(3), random(2) === 0 ? 2 : undefined);
    const { value } = await database.query(query, { transaction });
    done.queries.push({
      query,
      paths: value.documents.map(({ path, updateTime }) => `${path} ${updateTime}`),
    });
    return;
  }
  const paths = [`c/${random(8)}`, `c/${random(8)}`];
  const { value } = await database.getDocuments(paths, { transaction });
  value.forEach((document, at) => done.reads.set(paths[at]!, document?.updateTime));
}

it.each([
  ['in memory', false],
  ['on disk', true],
])(
  'random transactions %s read what was true just before they committed',
  async (_, onDisk) => {
    console.info(`SEED=${seed}`);
    const engine = new Engine(onDisk ? { directory } : {});
    const database = engine.database(DATABASE);
    const counts = { aborted: 0 };
    const committed: Committed[] = [];
    const clients = Array.from({ length: CLIENTS }, async (__, client) => {
      const random = randomFrom(seed + client * 7919);
      for (let round = 0; round < 15; round++) {
        if (random(6) === 0) await database.commit([put(`c/${random(8)}`, random)]);
        else committed.push(await transact(database, random, counts));
      }
    });
    await Promise.all(clients);
    for (const { time, reads, queries } of committed) {
      const before = time - 1;
      for (const [path, updateTime] of reads)
        expect([path, database.data.get(path, before)?.updateTime]).toEqual([path, updateTime]);
      for (const { query, paths } of queries) {
        const { documents } = atOnce(executeQuery(database.data, query, before));
        expect(documents.map(({ path, updateTime }) => `${path} ${updateTime}`)).toEqual(paths);
      }
    }
    expect(database.locked).toBe(0);
    expect(committed.length).toBeGreaterThan(CLIENTS * 10);
    await engine.close();
  },
  20_000 + CLIENTS * 1_000,
);
