import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTarget, Status, statusOf } from './support/client.ts';
import type { Target } from './support/client.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.stop());

it.each(['documents', 'documents-of-ours', 'projects', 'databases'])(
  'a project may be called %s',
  async (project) => {
    const db = target.client(project);
    await db.doc('documents/documents/documents/documents').set({ n: 1 });
    expect((await db.doc('documents/documents/documents/documents').get()).data()).toEqual({ n: 1 });
    expect((await db.collectionGroup('documents').get()).size).toBe(1);
  },
);

it('numeric ids sort by number, and different ids are different documents', async () => {
  const db = target.client();
  const ids = [
    '__id-9223372036854775808__',
    '__id-1__',
    '__id0__',
    '__id7__',
    '__id10__',
    '__id9223372036854775807__',
    '7',
  ];
  for (const id of ids) await db.doc(`numbered/${id}`).set({ id });
  const { docs } = await db.collection('numbered').get();
  expect(docs.map((doc) => [doc.id, doc.get('id')])).toEqual(ids.map((id) => [id, id]));
});

it.each([
  '__id007__',
  '__id-0__',
  '__id9223372036854775808__',
  '__id99999999999999999999__',
  '__id__',
  '__id1.5__',
])('the id %s is reserved', async (id) => {
  expect(await statusOf(target.client().doc(`numbered/${id}`).set({}))).toBe(Status.invalidArgument);
});
