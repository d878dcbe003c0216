/**
 * The embedded engine beside the other one that installs without Java. Servers run in processes of their own, the
 * clients in this one; they take turns, round by round. `--quick` for a first look, `--only <text>` for what has it in its
 * name; both write nothing.
 */
import { parseArgs } from 'node:util';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';
import { bareWorkloads } from './bare-workloads.ts';
import { bounded, measure, STRETCH } from './measure.ts';
import type { Kind } from './messages.ts';
import { Subject } from './subject.ts';
import { findTwenty, load, sample, workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

const OTHER = '@firestore-emulator/server';
const KINDS: Kind[] = ['memory', 'durable', 'other'];
const { values: options } = parseArgs({
  options: { only: { type: 'string', default: '' }, quick: { type: 'boolean', default: false } },
});
const SIZES = options.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
const wanted = (name: string) => name.includes(options.only);

/** What an engine did of one workload: the figure of each round, or why there are none. */
type Outcome = readonly number[] | string;
interface Row {
  name: string;
  /** Of time, in ms, when it is absent. */
  unit?: string;
  outcomes: Map<Kind, Outcome>;
  /** The CPU time that the server's process used for it. */
  cpu?: Map<Kind, Outcome>;
}

const subjects: Subject[] = [];
const rows: Row[] = [];
const bareRows: Row[] = [];
const alone: string[][] = [];
try {
  for (const kind of KINDS) subjects.push(await Subject.start(kind));
  await compareAll(workloads, rows);
  await compareAll(bareWorkloads, bareRows);
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

/** On what the official client does, and on the same calls by one that costs next to nothing. */
async function compareAll(workloads: readonly Workload[], to: Row[]): Promise<void> {
  for (const workload of workloads) {
    if (!wanted(workload.name)) continue;
    // Some workloads use what those before them prepared.
    for (const prepared of options.only === '' ? [workload] : workloads) {
      for (const { db } of subjects) await prepared.prepare?.(db);
    }
    to.push(...(await compare([workload], () => subjects)));
  }
}

/** Rounds in turn, A B C A B C, of each workload in each of them; the first warms up. */
async function compare(
  workloads: readonly Workload[],
  among: (workload: Workload) => readonly Subject[],
): Promise<Row[]> {
  const compared = workloads.map((workload) => ({
    workload,
    row: { name: workload.name, outcomes: new Map<Kind, Outcome>(), cpu: new Map<Kind, Outcome>() },
    subjects: [...among(workload)],
  }));
  const rounds = options.quick ? 4 : workloads[0]!.rounds;
  for (let round = 0; round < rounds; round++) {
    for (const { workload, row, subjects } of compared) {
      for (const [subject, measured] of await measure(workload, subjects)) {
        if (measured instanceof Error) {
          row.outcomes.set(subject.kind, measured.message);
          row.cpu.delete(subject.kind);
          subjects.splice(subjects.indexOf(subject), 1);
        } else if (round > 0) {
          add(row.outcomes, subject.kind, measured.time);
          add(row.cpu, subject.kind, measured.cpu);
        }
      }
    }
  }
  workloads.forEach(({ name }) => progress(name));
  return compared.map(({ row }) => row);
}

function add(to: Map<Kind, Outcome>, kind: Kind, figure: number): void {
  to.set(kind, [...((to.get(kind) as number[] | undefined) ?? []), figure]);
}

/** All sizes are there before the first is asked for, and take turns: whatever else the machine does hits them alike. */
async function compareQueries(): Promise<void> {
  const queries = SIZES.map((size) => ({ size, workload: findTwenty(`c${size}`) })).filter(({ workload }) =>
    wanted(workload.name),
  );
  if (queries.length === 0) return;
  const ready = new Map<Workload, Subject[]>();
  const failures = new Map<Workload, Map<Kind, string>>();
  const failed = new Map<Subject, number>();
  for (const { size, workload } of queries) {
    const reasons = new Map<Kind, string>();
    for (const subject of subjects) {
      // What fails with these fails with more of them.
      const error = failed.has(subject)
        ? new Error(`not even ${failed.get(subject)}`)
        : await bounded(subject, load(subject.db, `c${size}`, size), Math.max(10, size / 1_000)).catch(
            (reason: Error) => reason,
          );
      if (!(error instanceof Error)) continue;
      if (!failed.has(subject)) failed.set(subject, size);
      reasons.set(subject.kind, `cannot be loaded: ${error.message}`);
      // It has been started anew, without the smaller ones.
      if (size > SIZES[0]!) await bounded(subject, load(subject.db, `c${SIZES[0]}`, SIZES[0]!));
    }
    ready.set(
      workload,
      subjects.filter((subject) => !reasons.has(subject.kind)),
    );
    failures.set(workload, reasons);
  }
  const compared = await compare([...ready.keys()], (workload) => ready.get(workload)!);
  [...failures.values()].forEach((reasons, at) => {
    for (const [kind, reason] of reasons) compared[at]!.outcomes.set(kind, reason);
  });
  rows.push(...compared);
  for (const kind of KINDS) compareSizes(kind, compared);
}

function compareSizes(kind: Kind, pages: readonly Row[]): void {
  const [small, large] = [pages[0]?.outcomes.get(kind), pages[2]?.outcomes.get(kind)];
  if (typeof small !== 'object' || typeof large !== 'object') return;
  const ratio = ratioOf(large, small);
  alone.push([
    `20 of 100,000 against 20 of 1,000 (${label(kind)})`,
    `${digits(ratio)}x`,
    '<= 1.5x',
    verdict(ratio <= 1.5),
  ]);
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
  for (const [kind, delays] of figures) outcomes.set(kind, delays);
  rows.push({ name: 'event loop of the host during a bulk load, p99', unit: 'ms', outcomes });
  for (const kind of ['memory', 'durable'] as const) {
    const max = Math.max(...figures.get(kind)!);
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
  if (!wanted('start with') || options.quick) return;
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
    outcomes.set(as, [(after - before) / count / 1024]);
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
    `Median of the rounds, lowest and highest in brackets; less is better. The engines took turns, ${STRETCH} operations each where one comes after the other. "Ahead" is the median of the rounds' ratios; the bar is 2x. The other engine keeps nothing on disk, so its like is ours in memory.`,
    '',
    'On the clock, by the official client, whose own time is the same for all and most of it:',
    '',
    table([head, ...times]),
    '',
    'On the clock, by a client that does no more than send requests and read answers (HTTP/2 of Node.js, protobufjs):',
    '',
    table([head, ...bareRows.map(({ name, outcomes }) => line(name, outcomes))]),
    '',
    "CPU time of the server's process for the same, per operation: what the engine itself costs:",
    '',
    table([head, ...cpu]),
    '',
    table([['', 'measured', 'bar', ''], ...contention(), ...alone]),
  ].join('\n');
  console.log(body);
  if (options.only === '' && !options.quick) writeSection('engine', body);
}

function contention(): string[][] {
  const row = rows.find(({ name }) => name.startsWith('one counter'));
  return (['memory', 'durable'] as const).flatMap((kind) => {
    const outcome = row?.outcomes.get(kind);
    if (outcome === undefined) return [];
    const met = typeof outcome === 'object' && Math.max(...outcome) < 2_000;
    return [[`one counter, exact, slowest round (${label(kind)})`, shown(outcome), '< 2 s', verdict(met)]];
  });
}

function shown(outcome: Outcome | undefined, unit?: string): string {
  if (outcome === undefined) return '-';
  if (typeof outcome === 'string') return `fails: ${outcome}`;
  const { median, min, max } = summarize(outcome);
  if (unit !== undefined) return `${withSpread({ median, min, max })} ${unit}`;
  const [factor, name] = median < 1 ? [1000, 'µs'] : median < 1000 ? [1, 'ms'] : [1 / 1000, 's'];
  return `${withSpread({ median: median * factor, min: min * factor, max: max * factor })} ${name}`;
}

function ahead(outcomes: Map<Kind, Outcome>, kind: Kind): string {
  const [ours, theirs] = [outcomes.get(kind), outcomes.get('other')];
  if (typeof ours !== 'object' || theirs === undefined) return '-';
  if (typeof theirs === 'string') return 'it fails';
  const ratio = ratioOf(theirs, ours);
  return `${digits(ratio)}x${ratio < 2 ? ' (missed)' : ''}`;
}

/** The median of the ratios, round by round. */
function ratioOf(a: readonly number[], b: readonly number[]): number {
  return summarize(a.map((figure, round) => figure / b[round]!)).median;
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
