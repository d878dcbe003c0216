import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { FieldValue } from '@google-cloud/firestore';
import type { CollectionReference, Firestore, Query, Transaction } from '@google-cloud/firestore';
import { startTarget } from './support/client.ts';
import type { Target } from './support/client.ts';

/** CLIENTS=1000 for a long look, most of which the clients spend backing off (40 at least); SEED repeats a run, as far as the order of arrival allows. */
const CLIENTS = Number(process.env['CLIENTS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CONNECTIONS = 4;

let target: Target;
let dbs: Firestore[];
beforeAll(async () => {
  target = await startTarget();
  const projectId = `test-${randomUUID()}`;
  dbs = Array.from({ length: CONNECTIONS }, () => target.client(projectId));
});
afterAll(() => target.stop());

const db = (client: number): Firestore => dbs[client % dbs.length]!;
const freshName = () => dbs[0]!.collection('x').doc().id;

/** Many clients at once, each with a random generator of its own. */
function clients<T>(
  count: number,
  work: (client: number, random: (below: number) => number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, client) => work(client, randomFrom(SEED + client))));
}

/** Patience: what is tested is that everybody is right in the end, not that everybody is quick. */
function transact<T>(client: number, work: (t: Transaction) => Promise<T>): Promise<T> {
  return db(client).runTransaction(work, { maxAttempts: 100 });
}

function snapshot<T>(client: number, work: (t: Transaction) => Promise<T>): Promise<T> {
  return db(client).runTransaction(work, { readOnly: true });
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

const total = (docs: { get(field: string): unknown }[], field: string) =>
  docs.reduce((sum, doc) => sum + Number(doc.get(field)), 0);

describe('hundreds of clients', () => {
  it('move money: the sum is the same for everybody who looks, at any time', async () => {
    const name = freshName();
    const accounts = (client: number) => db(client).collection(name);
    await Promise.all(Array.from({ length: 12 }, (_, at) => accounts(0).doc(`a${at}`).set({ balance: 100 })));
    const sums = await clients(CLIENTS, async (client, random) => {
      const [from, to] = [random(12), random(11)];
      const refs = [from, to >= from ? to + 1 : to].map((at) => accounts(client).doc(`a${at}`));
      const amount = 1 + random(30);
      if (client % 4 === 0)
        return total((await snapshot(client, (t) => t.get(accounts(client)))).docs, 'balance');
      if (client % 4 === 1) return total((await accounts(client).get()).docs, 'balance');
      await transact(client, async (t) => {
        const [source, sink] = [await t.get(refs[0]!), await t.get(refs[1]!)];
        const [left, right] = [source.get('balance') as number, sink.get('balance') as number];
        if (left < amount) return;
        t.update(refs[0]!, { balance: left - amount });
        t.update(refs[1]!, { balance: right + amount });
      });
      return 1200;
    });
    expect(new Set(sums)).toEqual(new Set([1200]));
    const { docs } = await accounts(0).get();
    expect(total(docs, 'balance')).toBe(1200);
    expect(docs.filter((doc) => doc.get('balance') < 0)).toEqual([]);
  });

  it('count: nothing is lost, whether read and written, added blindly or in bulk', async () => {
    const name = freshName();
    const counter = (client: number) => db(client).doc(`${name}/c${client % 5}`);
    await Promise.all([0, 1, 2, 3, 4].map((at) => counter(at).set({ n: 0 })));
    await clients(CLIENTS, async (client) => {
      if (client % 3 === 0) await counter(client).update({ n: FieldValue.increment(1) });
      else {
        await transact(client, async (t) => {
          const n = (await t.get(counter(client))).get('n') as number;
          t.update(counter(client), { n: n + 1 });
        });
      }
    });
    expect(total((await db(0).collection(name).get()).docs, 'n')).toBe(CLIENTS);
  });

  it('take names: each name is given once, whether found by its id or by a query', async () => {
    const [names, users] = [freshName(), freshName()];
    const won = await clients(CLIENTS, (client) =>
      transact(client, async (t) => {
        const name = `name${client % 20}`;
        if (client % 40 < 20) {
          const claim = db(client).doc(`${names}/${name}`);
          if ((await t.get(claim)).exists) return undefined;
          t.create(claim, { by: client });
          return `id ${name}`;
        }
        const people = db(client).collection(users);
        if (!(await t.get(people.where('name', '==', name).limit(1))).empty) return undefined;
        t.create(people.doc(), { name });
        return `query ${name}`;
      }),
    );
    const winners = won.filter((winner) => winner !== undefined);
    expect(winners).toHaveLength(40);
    expect(new Set(winners).size).toBe(40);
    const stored = (await db(0).collection(users).get()).docs.map((doc) => doc.get('name') as string);
    expect(new Set(stored).size).toBe(stored.length);
  });

  it.each([
    ['a query', async (t: Transaction, query: Query) => (await t.get(query)).size],
    ['a count', async (t: Transaction, query: Query) => (await t.get(query.count())).data().count],
  ])('go off call: of each two doctors one stays, seen by %s', async (_, look) => {
    const name = freshName();
    const wards = Math.floor(CLIENTS / 4);
    const doctors = (client: number) => db(client).collection(name);
    const onCall = (client: number, ward: number) =>
      doctors(client).where('ward', '==', ward).where('onCall', '==', true);
    const batch = db(0).batch();
    for (let at = 0; at < wards * 2; at++)
      batch.set(doctors(0).doc(`d${at}`), { ward: at % wards, onCall: true });
    await batch.commit();
    await clients(wards * 2, (client) =>
      transact(client, async (t) => {
        if ((await look(t, onCall(client, client % wards))) < 2) return;
        t.update(doctors(client).doc(`d${client}`), { onCall: false });
      }),
    );
    for (let ward = 0; ward < wards; ward++)
      expect([ward, (await onCall(0, ward).get()).size]).toEqual([ward, 1]);
  });

  it('book places: no more than there are, however the free ones are counted', async () => {
    const name = freshName();
    const bookings = (client: number) => db(client).collection(name);
    const booked = await clients(CLIENTS / 2, (client) =>
      transact(client, async (t) => {
        const room = client % 4;
        const inRoom = bookings(client).where('room', '==', room);
        const taken =
          client % 2 === 0 ? (await t.get(inRoom)).size : (await t.get(inRoom.count())).data().count;
        if (taken >= 5) return false;
        t.create(bookings(client).doc(), { room });
        return true;
      }),
    );
    expect(booked.filter(Boolean)).toHaveLength(20);
    for (let room = 0; room < 4; room++)
      expect((await bookings(0).where('room', '==', room).get()).size).toBe(5);
  });

  it('look: nobody sees half of a commit', async () => {
    const name = freshName();
    const pair = (client: number) =>
      [db(client).doc(`${name}/left`), db(client).doc(`${name}/right`)] as const;
    const write = async (client: number, n: number) => {
      const [left, right] = pair(client);
      await db(client).batch().set(left, { n }).set(right, { n }).commit();
    };
    await write(0, 0);
    const seen = await clients(CLIENTS, async (client, random) => {
      const [left, right] = pair(client);
      switch (random(5)) {
        case 0:
          return snapshot(client, async (t) => [await t.get(left), await t.get(right)]);
        case 1:
          return db(client).getAll(left, right);
        case 2:
          return (await db(client).collection(name).get()).docs;
        case 3:
          return transact(client, async (t) => [await t.get(left), await t.get(right)]);
        default:
          await write(client, client);
          return [];
      }
    });
    for (const [left, right] of seen) if (left && right) expect(left.get('n')).toBe(right.get('n'));
  });
});

describe('the history of random transactions', () => {
  const KEYS = 10;
  type State = Map<string, { group: number; n: number }>;
  type Question = { kind: 'get'; key: string } | { kind: 'group' | 'top' | 'count'; group: number };
  type Act = { key: string; value: { group: number; n: number } | undefined };
  interface Done {
    questions: Question[];
    answers: string[];
    acts: Act[];
  }

  function randomQuestion(random: (below: number) => number): Question {
    const kind = (['get', 'get', 'group', 'top', 'count'] as const)[random(5)]!;
    return kind === 'get' ? { kind, key: `k${random(KEYS)}` } : { kind, group: random(3) };
  }

  async function ask(t: Transaction, things: CollectionReference, question: Question): Promise<string> {
    if (question.kind === 'get') return shown([(await t.get(things.doc(question.key))).data()]);
    const group = things.where('group', '==', question.group);
    if (question.kind === 'count') return String((await t.get(group.count())).data().count);
    const query = question.kind === 'top' ? group.orderBy('n', 'desc').limit(2) : group.orderBy('n');
    return shown((await t.get(query)).docs.map((doc) => doc.data()));
  }

  function answer(state: State, question: Question): string {
    if (question.kind === 'get') return shown([state.get(question.key)]);
    const members = [...state.values()]
      .filter(({ group }) => group === question.group)
      .sort((a, b) => a.n - b.n);
    if (question.kind === 'count') return String(members.length);
    return shown(question.kind === 'top' ? members.reverse().slice(0, 2) : members);
  }

  function shown(values: unknown[]): string {
    return values.map((value) => (value === undefined ? '-' : (value as { n: number }).n)).join(' ');
  }

  it(`is the one of running them one by one as they committed (seed ${SEED})`, async () => {
    const [name, log] = [freshName(), freshName()];
    const done = new Map<string, Done>();
    const looks: { questions: Question[]; answers: string[] }[] = [];
    await clients(CLIENTS / 4, async (client, random) => {
      const things = db(client).collection(name);
      for (let round = 0; round < 3; round++) {
        const questions = Array.from({ length: 1 + random(3) }, () => randomQuestion(random));
        if (random(4) === 0) {
          looks.push({ questions, answers: await snapshot(client, (t) => askAll(t, things, questions)) });
          continue;
        }
        const id = `${client}-${round}`;
        // All values of n differ: the answers tell the versions apart.
        const acts = Array.from({ length: 1 + random(2) }, (_, at): Act => {
          const value = random(5) === 0 ? undefined : { group: random(3), n: (client * 3 + round) * 2 + at };
          return { key: `k${random(KEYS)}`, value };
        });
        await transact(client, async (t) => {
          const answers = await askAll(t, things, questions);
          for (const { key, value } of acts) {
            if (value) t.set(things.doc(key), value);
            else t.delete(things.doc(key));
          }
          t.create(db(client).doc(`${log}/${id}`), {});
          done.set(id, { questions, answers, acts });
        });
      }
    });
    const commits = (await db(0).collection(log).get()).docs;
    expect(commits).toHaveLength(done.size);
    commits.sort((a, b) => Number(a.createTime.valueOf() < b.createTime.valueOf()) * -2 + 1);
    const state: State = new Map();
    const explained = looks.map(({ questions, answers }) => isAnsweredBy(state, questions, answers));
    for (const { id } of commits) {
      const { questions, answers, acts } = done.get(id)!;
      expect({ id, answers }).toEqual({ id, answers: questions.map((question) => answer(state, question)) });
      for (const { key, value } of acts) {
        if (value) state.set(key, value);
        else state.delete(key);
      }
      looks.forEach(
        ({ questions: asked, answers: got }, at) => (explained[at] ||= isAnsweredBy(state, asked, got)),
      );
    }
    // Every read-only transaction saw one of the states between commits.
    expect(looks.filter((_, at) => !explained[at])).toEqual([]);
  });

  async function askAll(
    t: Transaction,
    things: CollectionReference,
    questions: Question[],
  ): Promise<string[]> {
    const answers: string[] = [];
    for (const question of questions) answers.push(await ask(t, things, question));
    return answers;
  }

  function isAnsweredBy(state: State, questions: Question[], answers: string[]): boolean {
    return questions.every((question, at) => answer(state, question) === answers[at]);
  }
});
