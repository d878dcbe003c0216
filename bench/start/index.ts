/**
 * From the start of a process to its first answer, and its memory at rest, of this service and of the others of the HTTP
 * bench. Each is started anew, in turn, round by round. `--quick` for a first look, which writes nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Contestant } from '../http/contestant.ts';
import { headersOf, ROUTES } from '../http/requests.ts';
import { build } from '../lib/build.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';

const TITLES = {
  fastify: 'Fastify by hand, tuned',
  nest: 'NestJS on Fastify, idiomatic',
  express: 'Express, idiomatic',
  service: 'this service',
};
const NAMES = Object.keys(TITLES) as (keyof typeof TITLES)[];
const ROUTE = ROUTES[0]!;

const COLUMNS = [
  'first answer, ms',
  'its CPU, ms',
  'at rest, MB',
  'first with a token, ms',
  'at rest then, MB',
] as const;
type Figures = Record<(typeof COLUMNS)[number], number>;
/** In these the service must not exceed the idiomatic one; the others of them have no database to open. */
const BARS: readonly string[] = COLUMNS.slice(0, 3);

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const rounds = options.quick ? 3 : 11;

const folder = build('bench/http/contestants');
const starts = new Map(NAMES.map((name) => [name, [] as Figures[]]));
// Unmeasured: files come from the disk, and this service keeps what Node.js compiles (docs/start.md).
for (const name of NAMES) await measure(name);
for (let round = 0; round < rounds; round++) {
  for (const name of NAMES) starts.get(name)!.push(await measure(name));
}
const text = [
  machine(['fastify', '@nestjs/core', '@nestjs/platform-fastify', 'express', 'class-validator']),
  `Medians of ${rounds} starts, in turn, on one core; lowest and highest in brackets. None is the first one after a build: ` +
    'this service keeps what Node.js has compiled, the others do not. The first answer is that the token is ' +
    'missing, which needs no data. For the first request with a token this service opens its database (in memory, the ' +
    "engine's thread included) to know which tokens are revoked; the others have none. At rest: resident memory, a second later.",
  table([
    ['', ...COLUMNS],
    ...NAMES.map((name) => [TITLES[name], ...COLUMNS.map((column) => withSpread(figuresOf(name, column)))]),
    [
      `${TITLES.nest}: at most 1x`,
      ...COLUMNS.map((column) => (BARS.includes(column) ? verdict(column) : '')),
    ],
  ]),
].join('\n\n');
console.log(text);
if (!options.quick) writeSection('start', text);

async function measure(name: string): Promise<Figures> {
  const contestant = await Contestant.start(folder, name);
  try {
    await ask(contestant, 401);
    const first = performance.now() - contestant.began;
    const { cpu } = await contestant.usage();
    const atRest = await memoryAtRest(contestant);
    const asked = performance.now();
    await ask(contestant, 200, headersOf(ROUTE));
    const withToken = performance.now() - asked;
    return {
      'first answer, ms': first,
      'its CPU, ms': cpu / 1000,
      'at rest, MB': atRest,
      'first with a token, ms': withToken,
      'at rest then, MB': await memoryAtRest(contestant),
    };
  } finally {
    await contestant.stop();
  }
}

async function memoryAtRest(contestant: Contestant): Promise<number> {
  await delay(1_000);
  return (await contestant.usage()).memory;
}

async function ask({ name, port }: Contestant, expected: number, headers = {}): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${ROUTE.path}`, { headers });
  const body = await answer.text();
  if (answer.status !== expected) throw new Error(`${name} answers ${answer.status}: ${body}`);
}

function figuresOf(name: keyof typeof TITLES, column: keyof Figures) {
  return summarize(starts.get(name)!.map((figures) => figures[column]));
}

function verdict(column: keyof Figures): string {
  const ratio = figuresOf('service', column).median / figuresOf('nest', column).median;
  return `${digits(ratio)}x (${ratio <= 1 ? 'met' : 'missed'})`;
}
