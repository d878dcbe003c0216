import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Document } from '../src/document/document.ts';
import type { FirestoreError } from '../src/errors.ts';
import { queryLock } from '../src/query/matcher.ts';
import { normalizeQuery } from '../src/query/normalize.ts';
import { LockTable } from '../src/transaction/lock-table.ts';
import type { Owner } from '../src/transaction/lock-types.ts';
import { Vector } from '../src/value/types.ts';

let locks: LockTable;
beforeEach(() => {
  locks = new LockTable({ patience: 30, deadline: 60 });
});
afterEach(() => locks.close());

interface Party extends Owner {
  failure: FirestoreError | undefined;
}

let age = 0;
function party(transaction = true): Party {
  const made: Party = {
    age: ++age,
    transaction,
    failure: undefined,
    aborted: (error) => {
      made.failure = error;
    },
  };
  return made;
}

const read = (owner: Owner, ...keys: string[]) => locks.read(owner, () => ({ keys, value: undefined }));
const write = (owner: Owner, ...keys: string[]) =>
  new Promise<void>((resolve, reject) => {
    const changes = keys.map((path) => ({ path, before: undefined, after: undefined }));
    locks.write(owner, keys, () => changes, resolve, reject);
  });

describe('the lock table', () => {
  it('lets a second reader in at once when the first has gone, or after a moment', async () => {
    const [a, b, c] = [party(), party(), party()];
    await read(a, 'x');
    const second = read(b, 'x').then(() => locks.release(b));
    locks.release(a);
    await second;
    await read(a, 'x');
    await read(c, 'x');
    locks.release(a);
    locks.release(c);
    expect(locks.size).toBe(0);
  });

  it('lets a commit past a younger reader that does nothing, but not past an older one', async () => {
    const [old, young] = [party(), party()];
    await read(young, 'x');
    await write(old, 'x');
    expect(young.failure?.status).toBe('ABORTED');
    locks.release(old);
    const [elder, writer] = [party(), party()];
    await read(elder, 'y');
    const started = performance.now();
    await write(writer, 'y');
    expect(performance.now() - started).toBeGreaterThan(60);
  });

  it('aborts the younger of two that wait for each other', async () => {
    const [old, young] = [party(), party()];
    await Promise.all([read(old, 'x'), read(young, 'y')]);
    await Promise.all([read(old, 'y'), read(young, 'x')]);
    const first = write(old, 'x', 'y');
    await expect(write(young, 'x', 'y')).rejects.toMatchObject({ status: 'ABORTED' });
    await first;
    expect(young.failure?.status).toBe('ABORTED');
    locks.release(old);
    expect(locks.size).toBe(0);
  });

  it('never aborts a plain commit: the transaction gives way', async () => {
    const [reader, plain] = [party(), party(false)];
    await read(reader, 'x');
    const waiting = write(plain, 'x', 'y');
    const stuck = write(reader, 'y', 'x');
    await Promise.race([waiting, stuck]);
    locks.release(reader);
    await waiting;
    locks.release(plain);
    expect(locks.size).toBe(0);
  });

  it('takes the locks of a transaction that holds up others for too long', async () => {
    const [lost, plain] = [party(), party(false)];
    await read(lost, 'x');
    await write(plain, 'x');
    expect(lost.failure?.status).toBe('ABORTED');
    locks.release(plain);
    expect(locks.size).toBe(0);
  });

  it('serves writers before readers that came later', async () => {
    const [first, writer, late] = [party(), party(false), party()];
    await read(first, 'x');
    const order: string[] = [];
    const written = write(writer, 'x').then(() => {
      order.push('writer');
      locks.release(writer);
    });
    const wasRead = read(late, 'x').then(() => order.push('reader'));
    locks.release(first);
    await Promise.all([written, wasRead]);
    expect(order).toEqual(['writer', 'reader']);
  });

  it('lets in at once who waits for nobody any more, although nobody has released anything', async () => {
    const patient = new LockTable({ patience: 10_000, deadline: 20_000 });
    const query = (owner: Owner, id: string, path: string) =>
      patient.read(owner, () => ({
        keys: [],
        query: { id, touchedBy: (change) => change.path === path },
        value: undefined,
      }));
    const [reader, writer, both] = [party(), party(false), party()];
    await query(reader, 'a', 'first');
    await query(both, 'b', 'second');
    let path = 'first';
    const change = () => [{ path, before: undefined, after: undefined }];
    const written = new Promise<void>((resolve, reject) => {
      patient.write(writer, ['x'], change, resolve, reject);
    });
    const stoodBack = query(both, 'c', 'first');
    // The writer looks again, and waits for the one that stood back for it.
    path = 'second';
    patient.release(reader);
    await stoodBack;
    patient.release(both);
    await written;
    patient.close();
  }, 5_000);

  it('forgets a request whose look fails', async () => {
    const [holder, failing] = [party(), party(false)];
    await read(holder, 'x');
    const refused = new Promise((resolve) => {
      locks.write(
        failing,
        ['x'],
        () => {
          throw new Error('no such document');
        },
        () => undefined,
        resolve,
      );
    });
    locks.release(holder);
    expect(await refused).toMatchObject({ message: 'no such document' });
    locks.release(failing);
    expect(locks.size).toBe(0);
  });
});

describe('the lock on a result', () => {
  const named = (id: string) => Document.of(`c/${id}`, new Map([['v', new Vector([1])]]), 1, 1);
  const page = {
    database: 'projects/p/databases/d',
    from: { parent: '', collectionId: 'c', allDescendants: false },
    orderBy: [],
    offset: 0,
    limit: 2,
  };
  const touches = (lock: ReturnType<typeof queryLock>, id: string) =>
    lock.touchedBy({ path: `c/${id}`, before: undefined, after: named(id) });

  it('ends with the last of a full page, and not at all while that is not known', () => {
    const query = normalizeQuery(page);
    const found = queryLock(query, [named('a'), named('c')]);
    expect(['b', 'd'].map((id) => touches(found, id))).toEqual([true, false]);
    expect(touches(queryLock(query, [named('a')]), 'd')).toBe(true);
    expect(touches(queryLock(query), 'd')).toBe(true);
  });

  it('does not end with the farthest of the nearest vectors of a page', () => {
    const nearest = { path: ['v'], vector: new Vector([1]), measure: 'euclidean' as const, limit: 2 };
    const lock = queryLock(normalizeQuery({ ...page, nearest }), [named('c'), named('a')]);
    expect(touches(lock, 'b')).toBe(true);
  });
});
