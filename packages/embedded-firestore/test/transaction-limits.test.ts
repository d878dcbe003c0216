import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Engine } from '../src/engine.ts';
import type { EngineDatabase } from '../src/engine.ts';
import { normalizeQuery } from '../src/query/normalize.ts';

const SECOND = 1_000;

let engine: Engine;
let database: EngineDatabase;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  engine = new Engine();
  database = engine.database('projects/p/databases/d');
});
afterEach(async () => {
  await engine.close();
  jest.useRealTimers();
});

const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * SECOND);
const read = (transaction: string) => database.getDocuments(['c/d'], { transaction });
const write = (transaction?: string) =>
  database.commit(
    [{ kind: 'update', path: 'c/d', fields: new Map(), transforms: [], precondition: {} }],
    transaction,
  );
const expired = { status: 'INVALID_ARGUMENT', message: expect.stringMatching(/has expired/) };

describe('a transaction', () => {
  it('may be idle for 60 seconds, not for longer', async () => {
    const [kept, left] = [await database.begin({}), await database.begin({})];
    await pass(50);
    await read(kept);
    await pass(12);
    await expect(read(left)).rejects.toMatchObject(expired);
    await expect(write(kept)).resolves.toBeDefined();
    expect(database.locked).toBe(0);
  });

  it('may last for 270 seconds, however busy', async () => {
    const id = await database.begin({});
    for (let turn = 0; turn < 6; turn++) {
      await read(id);
      await pass(44);
    }
    await read(id);
    await pass(8);
    await expect(write(id)).rejects.toMatchObject(expired);
    expect(database.locked).toBe(0);
  });

  it('may wait for an index however long that takes to build', async () => {
    const id = await database.begin({});
    const from = { parent: '', collectionId: 'c', allDescendants: false };
    const query = normalizeQuery({
      database: 'projects/p/databases/d',
      from,
      orderBy: [{ path: ['n'], descending: false }],
      offset: 0,
    });
    const found = database.query(query, { transaction: id });
    jest.advanceTimersByTime(300 * SECOND);
    await found;
    await expect(write(id)).resolves.toBeDefined();
  });

  it('that is idle lets go of its locks', async () => {
    const id = await database.begin({});
    await read(id);
    expect(database.locked).toBe(1);
    await pass(62);
    expect(database.locked).toBe(0);
  });

  it('that holds up a write for 20 seconds is aborted', async () => {
    const id = await database.begin({});
    await read(id);
    const blind = write();
    await pass(19);
    expect(database.data.get('c/d')).toBeUndefined();
    await pass(2);
    await blind;
    await expect(write(id)).rejects.toMatchObject({ status: 'ABORTED' });
    expect(database.locked).toBe(0);
  });

  it('that only reads is bound by the same times', async () => {
    const id = await database.begin({ readOnly: {} });
    await pass(62);
    await expect(read(id)).rejects.toMatchObject(expired);
  });
});
