/** How the engine's work grows with a collection: the engine alone, no network. `-- --people 20000` for fewer. */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Engine } from '../../packages/embedded-firestore/src/engine.ts';
import type { EngineDatabase } from '../../packages/embedded-firestore/src/engine.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize } from '../lib/stats.ts';
import { change, DATABASE, load, people, where } from './people.ts';

const ROUNDS = 21;
const FEW = 1_000;
const { values } = parseArgs({ options: { people: { type: 'string', default: '100000' } } });
const MANY = Number(values.people);
const FIELDS = ['email', 'firstName', 'lastName', 'role', 'score', 'active', 'createdAt', 'id'];
const COUNT = [{ kind: 'count', alias: 'n' }] as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => undefined;

const empty = liveBytes();
const sides = [newDatabase(), newDatabase()] as const;
await load(sides[0], FEW);
const beforeLoad = cpu();
await load(sides[1], MANY);
const loading = cpu() - beforeLoad;
const bytes = (liveBytes() - empty) / (MANY + FEW);

/** Each done many times, of few and of many people in turn. */
const ASKED: Record<string, (database: EngineDatabase, turn: number) => Promise<unknown>> = {
  'first 20 by filter and order, from somewhere on': (database, turn) =>
    database.query(
      people(['score'], {
        where: where('active', '==', true),
        start: { values: [BigInt((turn * 3_331) % 900_000)], before: true },
        limit: 20,
      }),
      undefined,
    ),
  'the same in a read-only transaction': async (database, turn) => {
    const transaction = await database.begin({ readOnly: {} });
    const start = { values: [BigInt((turn * 3_331) % 900_000)], before: true };
    await database.query(people(['score'], { where: where('active', '==', true), start, limit: 20 }), {
      transaction,
    });
    await database.commit([], transaction);
  },
  'count of all': (database) => database.aggregate(people(['createdAt']), COUNT, undefined),
  'count of all in a read-only transaction, after a write': async (database, turn) => {
    const transaction = await database.begin({ readOnly: {} });
    await database.commit([change(turn % FEW, 'createdAt', `t${turn}`)]);
    await database.aggregate(people(['createdAt']), COUNT, { transaction });
    await database.commit([], transaction);
  },
  'page in the middle, by offset': (database) =>
    database.query(
      people(['createdAt'], { offset: database === sides[0] ? FEW / 2 : MANY / 2, limit: 20 }),
      undefined,
    ),
  'change of one field': (database, turn) => database.commit([change(turn % FEW, 'score', BigInt(turn))]),
};

const rows = [['µs of CPU', `${FEW} people`, `${MANY} people`, 'ratio']];
for (const database of sides)
  for (const field of FIELDS) await database.query(people([field], { limit: 1 }), undefined);
for (const [name, ask] of Object.entries(ASKED)) rows.push(await compare(name, ask));
const builds = [['index of', 'entries', 'CPU, ms', 'longest turn, ms', 'bytes per entry']];
const searched = newDatabase();
await load(searched, MANY, true);
const entries = (await searched.query(people([]), undefined)).value.documents.map(
  (document) => (document.fields().get('beginnings') as unknown[]).length,
);
builds.push(await build('score', people(['score'], { limit: 1 }), MANY));
builds.push(
  await build(
    'beginnings of words, createdAt',
    people(['createdAt'], { where: where('beginnings', 'array-contains', 'p'), limit: 1 }),
    entries.reduce((sum, count) => sum + count, 0),
  ),
);

const text = [
  machine(['@google-cloud/firestore']),
  `The engine alone, documents of 8 fields, each indexed; medians of ${ROUNDS} rounds, in turn.`,
  table(rows),
  `Loading ${MANY} in commits of 500, in memory: ${digits(loading / 1000)} s of CPU, ${bytes.toFixed(0)} bytes each.`,
  'An index built when a query first wants it, while others are answered in between:',
  table(builds),
].join('\n\n');
console.log(text);
writeSection('scale', text);

function newDatabase(): EngineDatabase {
  return new Engine().database(DATABASE);
}

async function compare(
  name: string,
  ask: (database: EngineDatabase, turn: number) => Promise<unknown>,
): Promise<string[]> {
  const used: number[][] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const before = cpu();
      for (let turn = 0; turn < 200; turn++) await ask(sides[which], round * 200 + turn);
      if (round > 0) used[which]!.push((cpu() - before) * 5);
    }
  }
  const [few, many] = used.map((samples) => summarize(samples).median) as [number, number];
  return [name, digits(few), digits(many), digits(many / few)];
}

async function build(name: string, query: ReturnType<typeof people>, count: number): Promise<string[]> {
  const before = { bytes: liveBytes(), cpu: cpu() };
  let isDone = false;
  let longest = 0;
  let last = performance.now();
  const turn = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await searched.query(query, undefined);
  isDone = true;
  const used = cpu() - before.cpu;
  const size = (liveBytes() - before.bytes) / count;
  return [name, String(count), used.toFixed(0), digits(longest), size.toFixed(0)];
}

function liveBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** In ms. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
