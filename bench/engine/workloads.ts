import { FieldValue } from '@google-cloud/firestore';
import type { DocumentReference, Firestore } from '@google-cloud/firestore';
import type { Subject } from './subject.ts';

/** Something timed. What it runs throws when the engine cannot do it. */
export interface Workload {
  name: string;
  /** Rounds per engine; the first warms up and is not counted. */
  rounds: number;
  prepare?(db: Firestore): Promise<void>;
  /** One operation after the other, a few of each engine in turn; or all of one engine, many at once. */
  work: Sequential | AtOnce;
}

export interface Sequential {
  steps: number;
  step(subject: Subject, at: number): Promise<unknown>;
}

export type AtOnce = (subject: Subject) => Promise<Timed>;

/** In milliseconds. */
export interface Timed {
  milliseconds: number;
  operations: number;
}

/** A document like a service's: eleven fields of the usual types, about 300 bytes. */
export function sample(n: number, version = 0): Record<string, unknown> {
  return {
    email: `person${n}@example.com`,
    firstName: 'Ada',
    lastName: `Lovelace ${n}`,
    role: n % 7 === 0 ? 'admin' : 'user',
    group: n % 10,
    // Spread evenly, and apart from the order of ids.
    score: (n * 7919) % 1_000_003,
    version,
    active: n % 3 !== 0,
    tags: ['a', `t${n % 50}`],
    address: { city: 'London', zip: `N${n % 100}` },
    createdAt: new Date(1_700_000_000_000 + n * 1000),
  };
}

/** Loads documents in commits of 500, four at a time. */
export async function load(db: Firestore, collection: string, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const from = next;
      next += 500;
      const batch = db.batch();
      for (let n = from; n < Math.min(from + 500, count); n++)
        batch.set(db.doc(`${collection}/p${n}`), sample(n));
      await batch.commit();
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

export function findTwenty(collection: string): Workload {
  let asked = 0;
  return {
    name: `20 of ${collection.slice(1)}: filter, order, limit`,
    rounds: 12,
    work: {
      steps: 10,
      step: async ({ db }) => {
        const query = db
          .collection(collection)
          .where('group', '==', asked++ % 10)
          .orderBy('score', 'desc')
          .limit(20);
        const { size } = await query.get();
        if (size !== 20) throw new Error(`found ${size} instead of 20`);
      },
    },
  };
}

/** To write what is there already is no work: each document that is set differs from all before. */
let version = 0;
const set = (db: Firestore, at: number) => db.doc(`people/p${at}`).set(sample(at, ++version));

const increment = (db: Firestore, ref: DocumentReference) =>
  db.runTransaction(async (t) => {
    t.update(ref, { n: ((await t.get(ref)).get('n') as number) + 1 });
  });

export const workloads: Workload[] = [
  {
    name: 'get',
    rounds: 10,
    prepare: (db) => load(db, 'people', 500),
    work: { steps: 200, step: ({ db }, at) => db.doc(`people/p${at}`).get() },
  },
  {
    name: 'get, 50 at once',
    rounds: 6,
    work: ({ db }) => timedAtOnce(50, 20, (at) => db.doc(`people/p${at % 500}`).get()),
  },
  {
    name: 'set',
    rounds: 10,
    work: { steps: 200, step: ({ db }, at) => set(db, at) },
  },
  {
    name: 'set, 50 at once',
    rounds: 6,
    work: ({ db }) => timedAtOnce(50, 20, (at) => set(db, at % 500)),
  },
  {
    name: 'transaction: read and write',
    rounds: 10,
    prepare: (db) => load(db, 'counted', 100),
    work: { steps: 100, step: ({ db }, at) => readAndWrite(db, at) },
  },
  {
    name: 'transaction, 50 at once',
    rounds: 6,
    work: ({ db }) => timedAtOnce(50, 10, (at) => readAndWrite(db, at % 50)),
  },
  {
    name: '100 counters at once, transactions',
    rounds: 4,
    prepare: (db) => resetCounters(db, 100),
    work: async ({ db }) => {
      await resetCounters(db, 100);
      const taken = await timedAtOnce(100, 5, (at) => increment(db, db.doc(`counters/c${at % 100}`)));
      await requireSum(db, 500);
      return taken;
    },
  },
  {
    name: '100 counters at once, FieldValue.increment',
    rounds: 4,
    work: async ({ db }) => {
      await resetCounters(db, 100);
      const add = (at: number) => db.doc(`counters/c${at % 100}`).update({ n: FieldValue.increment(1) });
      const taken = await timedAtOnce(100, 5, add);
      await requireSum(db, 500);
      return taken;
    },
  },
  {
    name: 'one counter, 20 clients x 10 transactions',
    rounds: 4,
    work: async ({ db }) => {
      await resetCounters(db, 1);
      const { milliseconds } = await timedAtOnce(20, 10, () => increment(db, db.doc('counters/c0')));
      await requireSum(db, 200);
      return { milliseconds, operations: 1 };
    },
  },
  {
    name: '10,000 documents in batches of 500',
    rounds: 3,
    work: async ({ db }) => {
      const start = performance.now();
      await load(db, `bulk${Math.random()}`, 10_000);
      return { milliseconds: performance.now() - start, operations: 1 };
    },
  },
  {
    name: '10,000 documents by BulkWriter',
    rounds: 3,
    work: async ({ db }) => {
      const start = performance.now();
      const writer = db.bulkWriter({ throttling: false });
      writer.onWriteError(() => false);
      const written = Array.from({ length: 10_000 }, (_, n) =>
        writer.set(db.doc(`written/p${n}`), sample(n)),
      );
      const outcomes = Promise.all(written);
      await Promise.all([writer.close(), outcomes]);
      return { milliseconds: performance.now() - start, operations: 1 };
    },
  },
];

function readAndWrite(db: Firestore, at: number): Promise<unknown> {
  return db.runTransaction(async (t) => {
    const ref = db.doc(`counted/p${at}`);
    const person = await t.get(ref);
    t.update(ref, { score: (person.get('score') as number) + 1 });
  });
}

async function resetCounters(db: Firestore, count: number): Promise<void> {
  const batch = db.batch();
  for (let at = 0; at < count; at++) batch.set(db.doc(`counters/c${at}`), { n: 0 });
  for (let at = count; at < 100; at++) batch.delete(db.doc(`counters/c${at}`));
  await batch.commit();
}

async function requireSum(db: Firestore, expected: number): Promise<void> {
  const { docs } = await db.collection('counters').get();
  const sum = docs.reduce((total, doc) => total + (doc.get('n') as number), 0);
  if (sum !== expected) throw new Error(`lost updates: ${sum} of ${expected}`);
}

/** `clients` operations are always under way. */
export async function timedAtOnce(
  clients: number,
  each: number,
  operation: (at: number) => Promise<unknown>,
): Promise<Timed> {
  const start = performance.now();
  const client = async (first: number) => {
    for (let at = 0; at < each; at++) await operation(first + at * clients);
  };
  await Promise.all(Array.from({ length: clients }, (_, first) => client(first)));
  return { milliseconds: performance.now() - start, operations: clients * each };
}
