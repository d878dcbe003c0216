import { beforeAll, afterAll, expect, it } from '@jest/globals';
import { Engine } from '../src/engine.ts';
import type { EngineDatabase } from '../src/engine.ts';
import type { FirestoreError } from '../src/errors.ts';
import { executeQuery } from '../src/query/execute.ts';
import type { QueryResult } from '../src/query/execute.ts';
import { normalizeQuery } from '../src/query/normalize.ts';
import type { Filter, QueryRequest } from '../src/query/query.ts';
import { atOnce, nextTurn } from '../src/slices.ts';
import { Vector } from '../src/value/types.ts';
import { path, put as putFields, remove } from './support/numbered.ts';

const name = 'projects/p/databases/d';
const COUNT = 20_000;

let engine: Engine;
let database: EngineDatabase;
beforeAll(async () => {
  engine = new Engine();
  database = engine.database(name);
  for (let from = 0; from < COUNT; from += 1_000)
    await database.commit(Array.from({ length: 1_000 }, (_, at) => put(from + at)));
});
afterAll(() => engine.close());

const put = (n: number, value = n) => putFields(n, { n: value, group: n % 30, v: new Vector([n, 1]) });

function query(more: Partial<QueryRequest> = {}) {
  const from = { parent: '', collectionId: 'c', allDescendants: false };
  return normalizeQuery({ database: name, from, orderBy: [], offset: 0, ...more });
}

const above = (field: string, value: number): Filter => ({ kind: 'field', path: [field], op: '>=', value });
const byNumber = [{ path: ['n'], descending: false }];

const pathsOf = ({ documents }: QueryResult) => documents.map((document) => document.path);
const groups: Filter = { kind: 'field', path: ['group'], op: 'in', value: [...Array(29).keys()] };
it.each([
  ['all in order', query({ orderBy: byNumber })],
  [
    'a filter that no index serves',
    query({ where: { kind: 'and', filters: [above('n', -COUNT), above('group', 29)] }, orderBy: byNumber }),
  ],
  ['many values in order', query({ where: groups, orderBy: byNumber })],
  [
    'the nearest vectors',
    query({ nearest: { path: ['v'], vector: new Vector([7, 7]), measure: 'euclidean', limit: 3 } }),
  ],
])('%s: may be interrupted, and the result is still of one time', async (_, asked) => {
  const time = database.readableTime;
  const expected = pathsOf(atOnce(executeQuery(database.data, asked)));
  const work = executeQuery(database.data, asked, time);
  let pauses = 0;
  let step = work.next();
  for (; !step.done; step = work.next(), pauses++) {
    const n = (pauses * 37) % COUNT;
    await database.commit([put(n, -n), put(COUNT + pauses, n), remove(n + 1), remove(COUNT - 1 - n)]);
  }
  expect(pauses).toBeGreaterThan(50);
  expect(pathsOf(step.value)).toEqual(expected);
});

it('a transaction locks a long result as a whole, and lets others go on while it is found', async () => {
  const transaction = await database.begin({});
  const work = database.query(query({ orderBy: byNumber }), { transaction });
  const told: string[] = [];
  const found = work.then(() => told.push('found'));
  await new Promise(setImmediate);
  const elsewhere = database.commit([{ ...put(0), path: 'other/x' }]).then(() => told.push('elsewhere'));
  const within = database.commit([put(COUNT * 2, -COUNT)]).then(() => told.push('within'));
  await Promise.all([found, elsewhere]);
  expect(told).toEqual(['elsewhere', 'found']);
  expect(pathsOf((await work).value)).not.toContain(path(COUNT * 2));
  // The result and what is written: a lock for each document would take a long turn.
  expect(database.locked).toBeLessThan(4);
  database.rollback(transaction);
  await within;
});

it('transactions that count at length and add one each see one another', async () => {
  const all = query({ where: above('group', 0) });
  const numbers = await Promise.all(Array.from({ length: 4 }, (_, at) => addOne(COUNT * 3 + at)));
  expect(new Set(numbers).size).toBe(4);
  expect(Math.max(...numbers) - Math.min(...numbers)).toBe(3);
  expect(database.locked).toBe(0);

  async function addOne(n: number): Promise<number> {
    for (let retryOf: string | undefined; ;) {
      const transaction = await database.begin(retryOf === undefined ? {} : { retryOf });
      try {
        const { value } = await database.query(all, { transaction });
        await database.commit([put(n)], transaction);
        return value.documents.length;
      } catch (error) {
        if ((error as FirestoreError).status !== 'ABORTED') throw error;
        retryOf = transaction;
      }
    }
  }
});

it('a slice waits for the answers of the turn before it, which leave at its end', async () => {
  const order: string[] = [];
  const slice = nextTurn().then(() => order.push('slice'));
  // Behind what the slice itself has asked for by now.
  for (let step = 0; step < 10; step++) await Promise.resolve();
  setImmediate(() => order.push('answer'));
  await slice;
  expect(order).toEqual(['answer', 'slice']);
});
