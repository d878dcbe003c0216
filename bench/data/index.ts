/** What a repository costs over the bare client: one document read, changed and written in a transaction. */
import { join } from 'node:path';
import { startEmbeddedFirestore } from 'embedded-firestore';
import { build } from '../lib/build.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';
import type { contestants as Contestants } from './contestants/changes.ts';

const ROUNDS = 61;
const CHANGES = 60;
/** Of each contestant, unmeasured: until then the compiler is at work. */
const WARM_UP_ROUNDS = 10;
const BAR = 1.15;

const compiled = join(build('bench/data/contestants'), 'changes.js');
const { contestants } = (await import(compiled)) as { contestants: typeof Contestants };
const engine = await startEmbeddedFirestore();
const { store, client, repository, close } = await contestants(engine.address);
await store('one');

const rows = [['', 'client', 'repository', 'ratio', `bar ${BAR}`]];
for (const [name, atOnce] of [
  ['one after the other', 1],
  ['20 documents at once', 20],
] as const) {
  await Promise.all(Array.from({ length: atOnce }, (_, index) => store(`${atOnce}-${index}`)));
  const clock: [number[], number[]] = [[], []];
  const processor: [number[], number[]] = [[], []];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    // In turn, and who begins changes: a busy moment hits both.
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const which of order) {
      const { wall, cpu } = await measure([client, repository][which]!, atOnce);
      if (round < WARM_UP_ROUNDS) continue;
      clock[which]!.push(wall);
      processor[which]!.push(cpu);
    }
  }
  rows.push(
    row(`${name}, µs on the clock`, clock),
    row(`${name}, µs of CPU, without the engine's thread`, processor),
  );
}
await close();
await engine.close();

const text = [
  machine(['@google-cloud/firestore']),
  `A document of 9 fields; two change. Medians of ${ROUNDS} rounds of ${CHANGES} changes, in turn; also of the rounds' ratios.`,
  table(rows),
];
console.log(text.join('\n\n'));
writeSection('data', text.join('\n\n'));

async function measure(change: (id: string) => Promise<unknown>, atOnce: number) {
  const before = process.threadCpuUsage();
  const start = performance.now();
  for (let done = 0; done < CHANGES; done += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, index) => change(`${atOnce}-${index}`)));
  }
  const { user, system } = process.threadCpuUsage(before);
  return { wall: ((performance.now() - start) * 1000) / CHANGES, cpu: (user + system) / CHANGES };
}

function row(name: string, [client, repository]: [number[], number[]]): string[] {
  const [bare, ours] = [summarize(client), summarize(repository)];
  // Of each round by itself: what slows the machine for a while slows both of its halves.
  const ratio = summarize(repository.map((each, round) => each / client[round]!)).median;
  return [name, withSpread(bare), withSpread(ours), digits(ratio), ratio <= BAR ? 'met' : 'missed'];
}
