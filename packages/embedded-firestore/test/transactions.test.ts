import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DocumentReference, Firestore } from '@google-cloud/firestore';
import { databaseName, startTarget, Status, statusOf } from './support/client.ts';
import type { Target } from './support/client.ts';

let target: Target;
let db: Firestore;

beforeAll(async () => {
  target = await startTarget();
  db = target.client();
});
afterAll(() => target.stop());

const fresh = () => db.collection('things').doc();

/** A point that several parties reach before any goes on. */
function barrier(parties: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let missing = parties;
  return () => {
    if (--missing === 0) resolve();
    return promise;
  };
}

describe('read-write transactions', () => {
  it('lose no update among 20 clients that count to 10', async () => {
    const ref = fresh();
    await ref.set({ n: 0 });
    const attempts = await Promise.all(Array.from({ length: 20 }, () => countTo(ref, 10)));
    expect((await ref.get()).get('n')).toBe(200);
    // Each attempt beyond 200 is one that was aborted and cost its client a second or more.
    expect(attempts.reduce((a, b) => a + b)).toBeLessThan(400);
  });

  async function countTo(ref: DocumentReference, times: number): Promise<number> {
    let attempts = 0;
    for (let i = 0; i < times; i++) {
      await db.runTransaction(async (t) => {
        attempts++;
        t.update(ref, { n: (await t.get(ref)).get('n') + 1 });
      });
    }
    return attempts;
  }

  it('of two that read the same and write it, one is aborted and tries again', async () => {
    const ref = fresh();
    await ref.set({ n: 0 });
    const bothHaveRead = barrier(2);
    let attempts = 0;
    const increment = () => {
      let first = true;
      return db.runTransaction(async (t) => {
        attempts++;
        const n = (await t.get(ref)).get('n');
        if (first) await bothHaveRead();
        first = false;
        t.set(ref, { n: n + 1 });
      });
    };
    await Promise.all([increment(), increment()]);
    expect((await ref.get()).get('n')).toBe(2);
    expect(attempts).toBe(3);
  });

  it('a blind write waits for a transaction that has read the document', async () => {
    const ref = fresh();
    await ref.set({ n: 1 });
    let blind: Promise<unknown> | undefined;
    const order: string[] = [];
    await db.runTransaction(async (t) => {
      const n = (await t.get(ref)).get('n');
      blind = ref.set({ n: 100 }).then(() => order.push('blind'));
      await db.doc('unrelated/x').set({});
      expect((await ref.get()).get('n')).toBe(1);
      t.set(ref, { n: n + 1 });
    });
    order.push('transaction');
    await blind;
    expect((await ref.get()).get('n')).toBe(100);
    expect(order).toContain('blind');
  });

  it('whoever commits is told before those who waited for it', async () => {
    const ref = fresh();
    await ref.set({ n: 0 });
    const told: string[] = [];
    const note = (who: string) => () => void told.push(who);
    for (let round = 0; round < 5; round++) {
      const waiting: Promise<unknown>[] = [];
      const read = barrier(2);
      const committed = db.runTransaction(async (t) => {
        await t.get(ref);
        await read();
        waiting.push(ref.update({ n: round }).then(note('update')));
        waiting.push(db.batch().set(ref, { n: round }).commit().then(note('batch')));
        // An answer to a later request: the server has seen the others.
        await fresh().get();
        t.update(ref, { read: true });
      });
      await read();
      await committed.then(note('transaction'));
      await Promise.all(waiting);
    }
    expect(told.filter((_, at) => at % 3 === 0)).toEqual(Array.from({ length: 5 }, () => 'transaction'));
  });

  it('no phantom: a document that would join a query result waits', async () => {
    const group = db.collection(fresh().id);
    const { doc, total } = await db.runTransaction(async (t) => {
      const before = await t.get(group.where('kind', '==', 'a'));
      const pending = group.doc('new').set({ kind: 'a' });
      await group.doc('beside').set({ kind: 'b' });
      const again = await t.get(group.where('kind', '==', 'a'));
      return { doc: pending, total: before.size + again.size };
    });
    expect(total).toBe(0);
    await doc;
    expect((await group.get()).size).toBe(2);
  });

  it('20 sign-ups for one name through a query: one wins', async () => {
    const users = db.collection(fresh().id);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        db.runTransaction(async (t) => {
          const taken = await t.get(users.where('email', '==', 'x@y.z'));
          if (!taken.empty) throw new Error('taken');
          t.create(users.doc(`u${at}`), { email: 'x@y.z' });
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await users.get()).size).toBe(1);
  });

  it('write nothing when the function throws, and leave no lock', async () => {
    const ref = fresh();
    await ref.set({ n: 1 });
    const failed = db.runTransaction(async (t) => {
      await t.get(ref);
      t.set(ref, { n: 2 });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await ref.update({ m: 1 });
    expect((await ref.get()).data()).toEqual({ n: 1, m: 1 });
  });

  it('a failed precondition at commit writes nothing', async () => {
    const [a, b] = [fresh(), fresh()];
    await b.set({});
    const failed = db.runTransaction(async (t) => {
      await t.get(a);
      t.set(a, { n: 1 });
      t.create(b, {});
    });
    expect(await statusOf(failed)).toBe(Status.alreadyExists);
    expect((await a.get()).exists).toBe(false);
  });

  it('money moved among accounts by many neither appears nor vanishes', async () => {
    const accounts = Array.from({ length: 5 }, () => fresh());
    await Promise.all(accounts.map((ref) => ref.set({ balance: 100 })));
    const transfer = (from: DocumentReference, to: DocumentReference) =>
      db.runTransaction(async (t) => {
        const [a, b] = await t.getAll(from, to);
        t.update(from, { balance: a!.get('balance') - 1 });
        t.update(to, { balance: b!.get('balance') + 1 });
      });
    const transfers = Array.from({ length: 12 }, (_, at) =>
      transfer(accounts[at % 5]!, accounts[(at * 3 + 1) % 5]!),
    );
    const audits = Array.from({ length: 20 }, () =>
      db.runTransaction(
        async (t) => (await t.getAll(...accounts)).reduce((sum, d) => sum + d.get('balance'), 0),
        { readOnly: true },
      ),
    );
    const settled = await Promise.allSettled(transfers);
    expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(new Set(await Promise.all(audits))).toEqual(new Set([500]));
  });
});

describe('read-only transactions', () => {
  it('see one state, and hold up nobody', async () => {
    const [a, b] = [fresh(), fresh()];
    await Promise.all([a.set({ n: 1 }), b.set({ n: 1 })]);
    const seen = await db.runTransaction(
      async (t) => {
        const first = (await t.get(a)).get('n');
        await db.batch().set(a, { n: 2 }).set(b, { n: 2 }).commit();
        return [first, (await t.get(b)).get('n')];
      },
      { readOnly: true },
    );
    expect(seen).toEqual([1, 1]);
  });
});

describe('transaction ids', () => {
  type Requester = {
    request(method: string, request: object, tag: string): Promise<{ transaction: Uint8Array }>;
  };
  const rpc = (method: string, request: object) =>
    (db as unknown as Requester).request(method, request, 'test');
  const database = () => databaseName(db);

  it('that are unknown are refused', async () => {
    const transaction = Buffer.from('nothing');
    expect(await statusOf(rpc('commit', { database: database(), transaction }))).toBe(Status.invalidArgument);
    expect(await statusOf(rpc('rollback', { database: database(), transaction }))).toBe(
      Status.invalidArgument,
    );
  });

  it('that are finished are refused', async () => {
    await fresh().get();
    const { transaction } = await rpc('beginTransaction', { database: database() });
    await rpc('commit', { database: database(), transaction });
    expect(await statusOf(rpc('commit', { database: database(), transaction }))).toBe(Status.aborted);
  });

  it('of read-only transactions cannot commit writes', async () => {
    const { transaction } = await rpc('beginTransaction', {
      database: database(),
      options: { readOnly: {} },
    });
    const writes = [{ update: { name: `${database()}/documents/a/b` } }];
    expect(await statusOf(rpc('commit', { database: database(), transaction, writes }))).toBe(
      Status.invalidArgument,
    );
  });
});
