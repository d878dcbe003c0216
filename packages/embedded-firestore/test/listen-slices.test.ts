import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Engine } from '../src/engine.ts';
import type { EngineDatabase } from '../src/engine.ts';
import { Listener } from '../src/listen/listener.ts';
import type { ListenEvent } from '../src/listen/listener.ts';
import { normalizeQuery } from '../src/query/normalize.ts';
import type { Value } from '../src/value/types.ts';
import { path, put as putFields, remove } from './support/numbered.ts';

const name = 'projects/p/databases/d';
const COUNT = 5_000;

let engine: Engine;
let database: EngineDatabase;
beforeEach(async () => {
  engine = new Engine();
  database = engine.database(name);
  await database.commit(Array.from({ length: COUNT }, (_, n) => put(n, n)));
});
afterEach(() => engine.close());

const put = (n: number, value: number) => putFields(n, { n: value });

const from = { parent: '', collectionId: 'c', allDescendants: false };
const inOrder = normalizeQuery({
  database: name,
  from,
  orderBy: [{ path: ['n'], descending: false }],
  offset: 0,
});

/** A listener, and what its client knows of each target's documents. */
function listen(take: (event: ListenEvent) => boolean = () => true) {
  const known = new Map<number, Map<string, Value>>();
  const kinds: string[] = [];
  const knownOf = (id: number) => known.get(id) ?? known.set(id, new Map()).get(id)!;
  const listener = new Listener(database, (event) => {
    kinds.push('target' in event ? `${event.kind} ${event.target}` : event.kind);
    if (event.kind === 'document') {
      const { document } = event;
      for (const id of event.targets) knownOf(id).set(document.path, document.fields().get('n')!);
    }
    if (event.kind === 'gone') for (const id of event.targets) knownOf(id).delete(event.path);
    return take(event);
  });
  return { listener, kinds, knownOf };
}

/** Lets others have their turns until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

it('of a long result: others go on, and the client ends up with what there is', async () => {
  const { listener, kinds, knownOf } = listen();
  listener.add({ id: 1, spec: { query: inOrder }, once: false });
  listener.add({ id: 2, spec: { paths: [path(7)] }, once: false });
  let turns = 0;
  for (; !kinds.includes('current 2'); turns++) {
    await database.commit([put(turns, -turns), put(COUNT + turns, turns), remove(COUNT - 1 - turns)]);
    await new Promise(setImmediate);
  }
  expect(turns).toBeGreaterThan(10);
  expect(kinds.indexOf('current 1')).toBeLessThan(kinds.indexOf('current 2'));
  await database.commit([put(7, 0.5)]);
  await until(() => knownOf(2).get(path(7)) === 0.5);
  const { value } = await database.query(inOrder, undefined);
  const present = new Map(value.documents.map((document) => [document.path, document.fields().get('n')!]));
  expect(knownOf(1)).toEqual(present);
  listener.close();
});

it('is sent as fast as the client takes it, and no further when it has gone', async () => {
  let sent = 0;
  const { listener, kinds } = listen(({ kind }) => {
    sent += Number(kind === 'document');
    return sent === 0 || sent % 500 !== 0;
  });
  listener.add({ id: 1, spec: { query: inOrder }, once: false });
  await until(() => sent >= 500);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(sent).toBeLessThan(1_000);
  listener.resume();
  await until(() => sent >= 1_000);
  listener.remove(1);
  listener.resume();
  const before = sent;
  listener.add({ id: 1, spec: { query: { ...inOrder, limit: 2 } }, once: true });
  await until(() => kinds.includes('current 1'));
  expect(sent).toBe(before + 2);
  listener.add({ id: 3, spec: { query: inOrder }, once: true });
  listener.close();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(sent).toBe(before + 2);
});
