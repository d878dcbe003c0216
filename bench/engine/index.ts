/**
 * The embedded engine beside the other one that installs without Java. Servers run in processes of their own, the official
 * client in this one; they take turns, round by round. `--only <text>` runs what has it in its name and writes nothing.
 */
import { parseArgs } from 'node:util';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';
import type { Samples } from '../lib/stats.ts';
import type { Kind } from './messages.ts';
import { Subject } from './subject.ts';
import { findTwenty, load, sample, workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

const OTHER = '@firestore-emulator/server';
const KINDS: Kind[] = ['memory', 'durable', 'other'];
/** What takes an engine longer is broken off. */
const MAX_SECONDS = 25;
const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const wanted = (name: string) => name.includes(options.only);

/** What an engine did of one workload: figures, or why there are none. */
type Outcome = Samples | string;
interface Row {
  name: string;
  /** Of time, in ms, when it is absent. */
  unit?: string;
  outcomes: Map<Kind, Outcome>;
  /** The CPU time that the server's process used for it. */
  cpu?: Map<Kind, Samples>;
}

const subjects: Subject[] = [];
const rows: Row[] = [];
const alone: string[][] = [];
try {
  for (const kind of KINDS) subjects.push(await Subject.start(kind));
  await compareWorkloads();
  await compareQueries();
  await compareResponsiveness();
  await measureStart();
} finally {
  for (const subject of subjects) await subject.stop();
}
await compareMemory();
report();
// Clients of an engine that was broken off go on trying.
process.exit();

async function compareWorkloads(): Promise<void> {
  for (const workload of workloads) {
    if (!wanted(workload.name)) continue;
    // Some workloads use what those before them prepared.
    for (const prepared of options.only === '' ? [workload] : workloads) {
      for (const { db } of subjects) await prepared.prepare?.(db);
    }
    rows.push(await compare(workload, subjects));
  }
}

/** Rounds in turn, A B C A B C; the first warms up. */
async function compare(workload: Workload, among: readonly Subject[]): Promise<Row> {
  const figures = new Map(among.map(({ kind }) => [kind, { time: [] as number[], cpu: [] as number[] }]));
  const failures = new Map<Kind, string>();
  for (let round = 0; round < workload.rounds; round++) {
    for (const subject of among) {
      if (failures.has(subject.kind)) continue;
      try {
        const { time, cpu } = await measure(workload, subject);
        if (round === 0) continue;
        figures.get(subject.kind)!.time.push(time);
        figures.get(subject.kind)!.cpu.push(cpu);
      } catch (error) {
        failures.set(subject.kind, (error as Error).message);
      }
    }
  }
  progress(workload.name);
  const succeeded = [...figures].filter(([kind]) => !failures.has(kind));
  return {
    name: workload.name,
    outcomes: new Map<Kind, Outcome>([
      ...failures,
      ...succeeded.map(([kind, { time }]) => [kind, summarize(time)] as const),
    ]),
    cpu: new Map(succeeded.map(([kind, { cpu }]) => [kind, summarize(cpu)])),
  };
}

/** Milliseconds per operation: on the clock, and of the server's CPU. */
async function measure(workload: Workload, subject: Subject): Promise<{ time: number; cpu: number }> {
  const before = (await subject.ask('cpu')).cpu!;
  const { milliseconds, operations } = await bounded(subject, workload.run(subject.db));
  const after = (await subject.ask('cpu')).cpu!;
  return { time: milliseconds / operations, cpu: (after - before) / operations };
}

/** An engine that is broken off is started anew, without its data: it would go on with what it was given. */
async function bounded<T>(subject: Subject, work: Promise<T>): Promise<T> {
  const tooLong = new Error(`not within ${MAX_SECONDS} s`);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooLong), MAX_SECONDS * 1000);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } catch (error) {
    if (error === tooLong) await subject.replace();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function compareQueries(): Promise<void> {
  const pages: Row[] = [];
  for (const count of [1_000, 10_000, 100_000]) {
    const workload = findTwenty(`c${count}`);
    if (!wanted(workload.name)) continue;
    const ready: Subject[] = [];
    const failures = new Map<Kind, string>();
    for (const subject of subjects) {
      try {
        await bounded(subject, load(subject.db, `c${count}`, count));
        ready.push(subject);
      } catch (error) {
        failures.set(subject.kind, `cannot be loaded: ${(error as Error).message}`);
      }
    }
    const row = await compare(workload, ready);
    for (const [kind, failure] of failures) row.outcomes.set(kind, failure);
    pages.push(row);
  }
  rows.push(...pages);
  for (const kind of KINDS) {
    const [small, large] = [pages[0]?.outcomes.get(kind), pages[2]?.outcomes.get(kind)];
    if (typeof small !== 'object' || typeof large !== 'object') continue;
    const ratio = large.median / small.median;
    alone.push([
      `20 of 100,000 against 20 of 1,000 (${label(kind)})`,
      `${digits(ratio)}x`,
      '<= 1.5x',
      verdict(ratio <= 1.5),
    ]);
  }
}

/** The event loop of the process that started the engine, while a client loads documents. */
async function compareResponsiveness(): Promise<void> {
  if (!wanted('event loop')) return;
  const outcomes = new Map<Kind, Outcome>();
  const figures = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < 3; round++) {
    for (const subject of subjects) {
      await subject.ask('reset-delay');
      await load(subject.db, `loop${round}`, subject.kind === 'other' ? 1_000 : 10_000);
      figures.get(subject.kind)!.push((await subject.ask('delay')).delay!);
    }
  }
  for (const [kind, delays] of figures) outcomes.set(kind, summarize(delays));
  rows.push({ name: 'event loop of the host during a bulk load, p99', unit: 'ms', outcomes });
  for (const kind of ['memory', 'durable'] as const) {
    const { max } = outcomes.get(kind) as Samples;
    alone.push([
      `worst p99 of the event-loop delay (${label(kind)})`,
      `${digits(max)} ms`,
      '< 20 ms',
      verdict(max < 20),
    ]);
  }
  progress('event loop');
}

/** Starting with 100,000 documents on disk. */
async function measureStart(): Promise<void> {
  const durable = subjects.find(({ kind }) => kind === 'durable')!;
  if (!wanted('start with')) return;
  if (options.only !== '') await load(durable.db, 'c100000', 100_000);
  const seconds: number[] = [];
  for (let round = 0; round < 3; round++) {
    await durable.restart();
    seconds.push(durable.startedIn / 1000);
  }
  const { data } = { data: (await durable.db.collection('c100000').count().get()).data() };
  if (data.count !== 100_000) throw new Error(`Only ${data.count} documents came back from disk.`);
  const taken = summarize(seconds);
  const name = 'start with these 100,000 documents and the others of this run on disk';
  alone.push([name, `${withSpread(taken)} s`, '< 3 s', verdict(taken.median < 3)]);
  progress('start with 100,000 documents');
}

async function compareMemory(): Promise<void> {
  if (!wanted('memory')) return;
  const outcomes = new Map<Kind, Outcome>();
  for (const [kind, as] of [
    ['same-thread', 'memory'],
    ['other', 'other'],
  ] as const) {
    const subject = await Subject.start(kind);
    await load(subject.db, 'warm', 500);
    const before = (await subject.ask('memory')).memory!;
    const count = kind === 'other' ? 2_000 : 10_000;
    await load(subject.db, 'people', count);
    const after = (await subject.ask('memory')).memory!;
    outcomes.set(as, summarize([(after - before) / count / 1024]));
    await subject.stop();
  }
  const name = `memory per document of ${JSON.stringify(sample(5_000)).length} bytes as JSON`;
  rows.push({ name, unit: 'KB', outcomes });
  progress('memory');
}

function report(): void {
  const head = ['', ...KINDS.map(label), 'in memory is ahead', 'durable is ahead'];
  const line = (name: string, outcomes: Map<Kind, Outcome>, unit?: string) => [
    name,
    ...KINDS.map((kind) => shown(outcomes.get(kind), unit)),
    ...(['memory', 'durable'] as const).map((kind) => ahead(outcomes, kind)),
  ];
  const times = rows.map(({ name, unit, outcomes }) => line(name, outcomes, unit));
  const cpu = rows.flatMap(({ name, cpu: used }) => (used ? [line(name, used)] : []));
  const body = [
    machine(['@google-cloud/firestore', OTHER]),
    'Median of the rounds, lowest and highest in brackets; less is better. The engines took turns. The bar is 2x.',
    '',
    'On the clock, the official client and the network included, which are the same for all:',
    '',
    table([head, ...times]),
    '',
    "CPU time of the server's process for the same, per operation: what the engine itself costs:",
    '',
    table([head, ...cpu]),
    '',
    table([['', 'measured', 'bar', ''], ...contention(), ...alone]),
  ].join('\n');
  console.log(body);
  if (options.only === '') writeSection('engine', body);
}

function contention(): string[][] {
  const row = rows.find(({ name }) => name.startsWith('one counter'));
  return (['memory', 'durable'] as const).flatMap((kind) => {
    const outcome = row?.outcomes.get(kind);
    if (outcome === undefined) return [];
    const met = typeof outcome === 'object' && outcome.max < 2_000;
    return [[`one counter, exact, slowest round (${label(kind)})`, shown(outcome), '< 2 s', verdict(met)]];
  });
}

function shown(outcome: Outcome | undefined, unit?: string): string {
  if (outcome === undefined) return '-';
  if (typeof outcome === 'string') return `fails: ${outcome}`;
  if (unit !== undefined) return `${withSpread(outcome)} ${unit}`;
  const [factor, name] =
    outcome.median < 1 ? [1000, 'µs'] : outcome.median < 1000 ? [1, 'ms'] : [1 / 1000, 's'];
  const { median, min, max } = outcome;
  return `${withSpread({ median: median * factor, min: min * factor, max: max * factor })} ${name}`;
}

function ahead(outcomes: Map<Kind, Outcome>, kind: Kind): string {
  const [ours, theirs] = [outcomes.get(kind), outcomes.get('other')];
  if (typeof ours !== 'object' || theirs === undefined) return '-';
  if (typeof theirs === 'string') return 'it fails';
  const ratio = theirs.median / ours.median;
  return `${digits(ratio)}x${ratio < 2 ? ' (missed)' : ''}`;
}

function label(kind: Kind): string {
  return kind === 'memory' ? 'in memory' : kind === 'durable' ? 'durable' : OTHER;
}

function verdict(met: boolean): string {
  return met ? 'met' : 'missed';
}

function progress(what: string): void {
  process.stderr.write(`${what}: done\n`);
}
