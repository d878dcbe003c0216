import { beforeEach, expect, it } from '@jest/globals';
import { Engine } from '../src/engine.ts';
import type { EngineDatabase } from '../src/engine.ts';
import { normalizeQuery } from '../src/query/normalize.ts';
import { path, put as putFields, remove } from './support/numbered.ts';

const name = 'projects/p/databases/d';
const COUNT = 10_000;

let database: EngineDatabase;
beforeEach(async () => {
  database = new Engine().database(name);
  await database.commit(Array.from({ length: COUNT }, (_, n) => put(n, n)));
});

const put = (n: number, value: number) => putFields(n, { n: value });

const inOrder = (descending = false) =>
  normalizeQuery({
    database: name,
    from: { parent: '', collectionId: 'c', allDescendants: false },
    orderBy: [{ path: ['n'], descending }],
    offset: 0,
  });

/** The values that a query finds, now or at a time. */
async function found(time?: number): Promise<number[]> {
  const { value } = await database.query(inOrder(), time === undefined ? undefined : { time });
  return value.documents.map((document) => document.fields().get('n') as number);
}

it('while an index is built, other requests are answered and what they change is in it', async () => {
  const before = database.readableTime;
  let isBuilt = false;
  const query = found().finally(() => {
    isBuilt = true;
  });
  const values = new Map(Array.from({ length: COUNT }, (_, n) => [n, n]));
  let turns = 0;
  for (; !isBuilt; turns++) {
    const last = COUNT - 1 - turns;
    await database.commit([put(turns, -turns), put(last - 50, turns), remove(last), put(COUNT + turns, 0.5)]);
    values
      .set(turns, -turns)
      .set(last - 50, turns)
      .set(COUNT + turns, 0.5)
      .delete(last);
    await new Promise(setImmediate);
  }
  await query;
  expect(turns).toBeGreaterThan(2);
  const expected = [...values.values()].sort((a, b) => a - b);
  expect(await found()).toEqual(expected);
  expect(await found(before)).toEqual([...Array(COUNT).keys()]);
});

it('the past is read in order, backwards as well', async () => {
  const before = database.readableTime;
  await database.commit([put(1, 7.5), put(2, 0.5), remove(3)]);
  for (const descending of [false, true]) {
    const query = { ...inOrder(descending), limit: 6 };
    const { value } = await database.query(query, { time: before });
    const names = value.documents.map((document) => document.path);
    expect(names).toEqual(Array.from({ length: 6 }, (_, at) => path(descending ? COUNT - 1 - at : at)));
  }
});
