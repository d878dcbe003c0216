/**
 * The same three routes, answered alike, by this service and by others. Server and load have a core each; contestants
 * take turns, round by round. `--quick` for a first look, `--only fastify,service` for some of them; both write nothing.
 */
import { parseArgs } from 'node:util';
import { build } from '../lib/build.ts';
import { machine, writeSection } from '../lib/results.ts';
import { Contestant, Load } from './contestant.ts';
import { type Figures, report, type Result } from './report.ts';
import { startEngine } from './items.ts';
import { DATA_ROUTES, headersOf, pathOf, requestsFor, type Route, ROUTES } from './requests.ts';

const NAMES = ['fastify', 'nest', 'express', 'pbvision', 'service', 'bare'];
const STAND_IN =
  '`@pbvision/fastify-firestore-service` 0.0.56 depends on `@pbvision/schema`, which is not in the registry; its ' +
  'predecessor `@pocketgems/schema` 0.1.3 stands in for it (`bench/http/pbvision/schema`). It has no limits, no ' +
  'security headers and no CORS list, and verifies no token: its bar is for this service without them (`contestants/bare.ts`).';
const DATA_NAMES = [
  'fastify-data',
  'nest-data',
  'express-data',
  'pbvision-data',
  'service-data',
  'bare-data',
];
const ENGINE =
  'The embedded engine, in memory, runs in a thread of the process that starts all; its CPU time counts for nobody. ' +
  'One of 10,000 items is read; read, changed and written in a transaction; 20 of them are listed.';
const CONNECTIONS = 50;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const rounds = options.quick ? 3 : 11;
/**
 * A round, and what goes before the first: as much as V8 takes to compile a contestant and to find the size of its young
 * generation. The milliseconds bound it where the machine is busy.
 */
const AMOUNTS = options.quick
  ? { round: { answers: 500, milliseconds: 400 }, warmUp: { answers: 1_000, milliseconds: 800 } }
  : { round: { answers: 1_500, milliseconds: 1_200 }, warmUp: { answers: 15_000, milliseconds: 10_000 } };
/** With the database each answer takes ten times as long. */
const DATA_AMOUNTS = options.quick
  ? { round: { answers: 200, milliseconds: 5_000 }, warmUp: { answers: 500, milliseconds: 8_000 } }
  : { round: { answers: 500, milliseconds: 2_500 }, warmUp: { answers: 2_000, milliseconds: 8_000 } };
const names = options.only === '' ? NAMES : options.only.split(',');

const folder = build('bench/http/contestants');
const load = new Load();
try {
  const sections = [...circumstances()];
  if (names.some((name) => !DATA_NAMES.includes(name))) sections.push(await compare(NAMES, ROUTES, AMOUNTS));
  if (options.only === '' || names.some((name) => DATA_NAMES.includes(name))) {
    const engine = await startEngine();
    sections.push(`### With the database\n\n${ENGINE}`, await compare(DATA_NAMES, DATA_ROUTES, DATA_AMOUNTS));
    await engine.close();
  }
  const text = sections.join('\n\n');
  console.log(text);
  if (!options.quick && options.only === '') writeSection('http', text);
} finally {
  await load.stop();
}

/** The tables of those among `all` that were asked for. */
async function compare(all: string[], routes: Route[], amounts: typeof AMOUNTS): Promise<string> {
  const contestants: Contestant[] = [];
  try {
    for (const name of options.only === '' ? all : all.filter((each) => names.includes(each)))
      contestants.push(await Contestant.start(folder, name));
    const results: Result[] = [];
    for (const contestant of contestants) {
      const { memory } = await contestant.usage();
      results.push({ name: contestant.name, startUp: contestant.startUp, memory, figures: [] });
    }
    for (const route of routes) {
      await checkAnswers(contestants, route);
      const figures = await measure(contestants, route, amounts);
      for (const [at, { figures: all }] of results.entries()) all.push(figures[at]!);
    }
    return report(
      routes.map(({ name }) => name),
      results,
    );
  } finally {
    for (const each of contestants) await each.stop();
  }
}

/** Nobody is measured for another answer than the others give, nor for fewer headers than the tuned one sends. */
async function checkAnswers(contestants: Contestant[], route: Route): Promise<void> {
  const answers: Awaited<ReturnType<typeof answerOf>>[] = [];
  for (const { port } of contestants) answers.push(await answerOf(port, route));
  for (const [at, { name }] of contestants.entries()) {
    const { text, headers } = answers[at]!;
    if (text !== answers[0]!.text) {
      throw new Error(`${route.name}: ${name} answers\n${text}\nand not\n${answers[0]!.text}`);
    }
    const missing = name.startsWith('service')
      ? answers[0]!.headers.filter((header) => !headers.includes(header))
      : [];
    if (missing.length > 0) throw new Error(`${route.name}: ${name} does not send ${missing.join(', ')}`);
  }
}

/** Status and body, without what is new in each answer, and the names of the headers. */
async function answerOf(port: number, route: Route): Promise<{ text: string; headers: string[] }> {
  const { method, body } = route;
  const url = `http://127.0.0.1:${port}${pathOf(route, 0)}`;
  const response = await fetch(url, {
    method,
    headers: headersOf(route),
    body: body && JSON.stringify(body),
  });
  const text = (await response.text())
    .replace(/"requestId":"[^"]{36,}"/, '"requestId":""')
    .replace(/"timestamp":"[^"]{24}"/, '"timestamp":""')
    .replace(/"visits":\d+/g, '"visits":0');
  return { text: `${response.status} ${text}`, headers: [...response.headers.keys()] };
}

async function measure(
  contestants: Contestant[],
  route: Route,
  { round: amount, warmUp }: typeof AMOUNTS,
): Promise<Figures[]> {
  const requests = requestsFor(route);
  const send = ({ port }: Contestant, until: typeof warmUp) =>
    load.run({ port, requests, connections: CONNECTIONS, ...until });
  const figures: Figures[] = contestants.map(() => ({ rate: [], cpu: [] }));
  for (const contestant of contestants) await send(contestant, warmUp);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contestant] of contestants.entries()) {
      const before = await contestant.usage();
      const { answers, failures, seconds } = await send(contestant, amount);
      const after = await contestant.usage();
      if (failures > 0) throw new Error(`${contestant.name} failed ${failures} times on ${route.name}.`);
      figures[at]!.rate.push(answers / seconds);
      figures[at]!.cpu.push((after.cpu - before.cpu) / answers);
    }
  }
  return figures;
}

function circumstances(): string[] {
  const packages = ['fastify', '@nestjs/core', '@nestjs/platform-fastify', 'express', 'class-validator'];
  return [
    machine(packages),
    `${CONNECTIONS} connections, 10,000 client addresses, 1,000 tokens, one core each for server and load; medians of ` +
      `${rounds} rounds of ${AMOUNTS.round.answers} requests (${DATA_AMOUNTS.round.answers} with the database), in turn. ` +
      "Connections stay open, log lines go through a pipe to somebody who reads them, and the load's core does not sleep.",
    STAND_IN,
  ];
}
