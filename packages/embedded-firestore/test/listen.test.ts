import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DocumentSnapshot, Firestore, Query, QuerySnapshot } from '@google-cloud/firestore';
import { startTarget } from './support/client.ts';
import type { Target } from './support/client.ts';

let target: Target;
let db: Firestore;
beforeAll(async () => {
  target = await startTarget();
  db = target.client();
});
afterAll(() => target.stop());

const freshCollection = () => db.collection(db.collection('x').doc().id);

/** Collects snapshots so that a test can await one after the other. */
function queue<T>(subscribe: (next: (value: T) => void, error: (error: Error) => void) => () => void) {
  const arrived: T[] = [];
  let wake: (() => void) | undefined;
  let failure: Error | undefined;
  const stop = subscribe(
    (value) => {
      arrived.push(value);
      wake?.();
    },
    (error) => {
      failure = error;
      wake?.();
    },
  );
  const next = async (): Promise<T> => {
    while (arrived.length === 0) {
      if (failure) throw failure;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return arrived.shift()!;
  };
  return { next, stop };
}

const watch = (query: Query) => queue<QuerySnapshot>((next, error) => query.onSnapshot(next, error));

function changes(snapshot: QuerySnapshot): string {
  return snapshot
    .docChanges()
    .map(({ type, doc }) => `${type} ${doc.id}`)
    .sort()
    .join(', ');
}

const ids = (snapshot: QuerySnapshot) => snapshot.docs.map(({ id }) => id).join(' ');

describe('a query listener', () => {
  it('gets the result, then each change', async () => {
    const made = freshCollection();
    await made.doc('a').set({ n: 1 });
    const { next, stop } = watch(made.where('n', '>', 0).orderBy('n'));
    expect(changes(await next())).toBe('added a');
    await made.doc('b').set({ n: 2 });
    expect(changes(await next())).toBe('added b');
    await made.doc('a').set({ n: 3 });
    const moved = await next();
    expect(changes(moved)).toBe('modified a');
    expect(ids(moved)).toBe('b a');
    await made.doc('b').set({ n: 0 });
    expect(changes(await next())).toBe('removed b');
    await made.doc('a').delete();
    expect(changes(await next())).toBe('removed a');
    stop();
  });

  it('of an empty result is told so', async () => {
    const { next, stop } = watch(freshCollection());
    expect((await next()).empty).toBe(true);
    stop();
  });

  it('sees a batch as one change', async () => {
    const made = freshCollection();
    const { next, stop } = watch(made);
    await next();
    await db.batch().set(made.doc('a'), {}).set(made.doc('b'), {}).set(made.doc('c'), {}).commit();
    expect(changes(await next())).toBe('added a, added b, added c');
    stop();
  });

  it('with a limit gets who moves up', async () => {
    const made = freshCollection();
    await Promise.all([1, 2, 3].map((n) => made.doc(`d${n}`).set({ n })));
    const { next, stop } = watch(made.orderBy('n').limit(2));
    expect(ids(await next())).toBe('d1 d2');
    await made.doc('d1').delete();
    const after = await next();
    expect(ids(after)).toBe('d2 d3');
    expect(changes(after)).toBe('added d3, removed d1');
    await made.doc('d0').set({ n: 0 });
    expect(ids(await next())).toBe('d0 d2');
    stop();
  });

  it('limited to the last', async () => {
    const made = freshCollection();
    await Promise.all([1, 2, 3].map((n) => made.doc(`d${n}`).set({ n })));
    const { next, stop } = watch(made.orderBy('n').limitToLast(2));
    expect(ids(await next())).toBe('d2 d3');
    await made.doc('d4').set({ n: 4 });
    expect(ids(await next())).toBe('d3 d4');
    stop();
  });

  it('of a collection group', async () => {
    const group = `z${freshCollection().id}`;
    const { next, stop } = watch(db.collectionGroup(group));
    await next();
    await db.doc(`a/b/${group}/c`).set({});
    expect(changes(await next())).toBe('added c');
    stop();
  });

  it('many at once see the same', async () => {
    const made = freshCollection();
    const all = Array.from({ length: 10 }, () => watch(made.where('n', '>=', 0)));
    await Promise.all(all.map(({ next }) => next()));
    await made.doc('a').set({ n: 1 });
    expect(await Promise.all(all.map(async ({ next }) => changes(await next())))).toEqual(
      Array(10).fill('added a'),
    );
    all.forEach(({ stop }) => stop());
  });

  it('that cannot be is refused with the reason', async () => {
    const { next } = watch(
      freshCollection().where(
        'n',
        'not-in',
        Array.from({ length: 11 }, (_, n) => n),
      ),
    );
    await expect(next()).rejects.toThrow(/"not-in" supports up to 10/);
  });
});

describe('a document listener', () => {
  it('sees it come, change and go', async () => {
    const ref = freshCollection().doc('a');
    const { next, stop } = queue<DocumentSnapshot>((n, e) => ref.onSnapshot(n, e));
    expect((await next()).exists).toBe(false);
    await ref.set({ n: 1 });
    expect((await next()).data()).toEqual({ n: 1 });
    await ref.update({ n: 2 });
    expect((await next()).data()).toEqual({ n: 2 });
    await ref.delete();
    expect((await next()).exists).toBe(false);
    stop();
  });
});

it('a listener that has stopped hears nothing more, and writes go on', async () => {
  const made = freshCollection();
  const { next, stop } = watch(made);
  await next();
  stop();
  await made.doc('a').set({});
  expect((await made.get()).size).toBe(1);
});
