/**
 * The same three routes, answered alike, by this service and by others. Server and load have a core each; contestants
 * take turns, round by round. `--quick` for a first look, `--only <text>` for some of them; both write nothing.
 */
import { parseArgs } from 'node:util';
import { build } from '../lib/build.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, type Samples, summarize } from '../lib/stats.ts';
import { Contestant, Load } from './contestant.ts';
import { headersOf, requestsFor, type Route, ROUTES } from './requests.ts';

const NAMES = ['fastify', 'nest', 'express', 'service'];
const TITLES: Record<string, string> = {
  fastify: 'Fastify by hand, tuned',
  nest: 'NestJS on Fastify, idiomatic',
  express: 'Express, idiomatic',
  service: 'this service',
};
const CONNECTIONS = 50;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const rounds = options.quick ? 3 : 7;
/** A round, and what goes before the first; the milliseconds bound the run where the machine is busy. */
const ROUND = options.quick ? { answers: 500, milliseconds: 400 } : { answers: 2_000, milliseconds: 2_000 };
const WARM_UP = options.quick
  ? { answers: 1_000, milliseconds: 800 }
  : { answers: 6_000, milliseconds: 4_000 };
const names = NAMES.filter((name) => name.includes(options.only));

/** Figures of one contestant on one route. */
interface Figures {
  /** Requests per second. */
  rate: number[];
  /** CPU time of the server per request, in microseconds: steadier than the rate where the machine has other work. */
  cpu: number[];
}

const folder = build('bench/http/contestants');
const load = new Load();
const contestants: Contestant[] = [];
try {
  for (const name of names) contestants.push(await Contestant.start(folder, name));
  const idle = await Promise.all(contestants.map((each) => each.usage()));
  await checkAnswers();
  const figures = new Map<string, Figures>();
  for (const route of ROUTES) await measure(route, figures);
  report(
    figures,
    idle.map(({ memory }) => memory),
  );
} finally {
  for (const each of [...contestants, load]) await each.stop();
}

/** Nobody is measured for another answer than the others give, nor for fewer headers than the tuned one sends. */
async function checkAnswers(): Promise<void> {
  for (const route of ROUTES) {
    const answers = await Promise.all(contestants.map(({ port }) => answerOf(port, route)));
    for (const [at, { name }] of contestants.entries()) {
      const { text, headers } = answers[at]!;
      if (text !== answers[0]!.text) {
        throw new Error(`${route.name}: ${name} answers\n${text}\nand not\n${answers[0]!.text}`);
      }
      const missing =
        name === 'service' ? answers[0]!.headers.filter((header) => !headers.includes(header)) : [];
      if (missing.length > 0) throw new Error(`${route.name}: ${name} does not send ${missing.join(', ')}`);
    }
  }
}

/** Status and body, without what is new in each answer, and the names of the headers. */
async function answerOf(port: number, route: Route): Promise<{ text: string; headers: string[] }> {
  const { method, path, body } = route;
  const url = `http://127.0.0.1:${port}${path}`;
  const response = await fetch(url, {
    method,
    headers: headersOf(route),
    body: body && JSON.stringify(body),
  });
  const text = (await response.text())
    .replace(/"requestId":"[^"]{36}"/, '"requestId":""')
    .replace(/"timestamp":"[^"]{24}"/, '"timestamp":""');
  return { text: `${response.status} ${text}`, headers: [...response.headers.keys()] };
}

async function measure(route: Route, figures: Map<string, Figures>): Promise<void> {
  const requests = requestsFor(route);
  const send = (port: number, amount: typeof ROUND) =>
    load.run({ port, requests, connections: CONNECTIONS, ...amount });
  for (const { port } of contestants) await send(port, WARM_UP);
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const before = await contestant.usage();
      const { answers, failures, seconds } = await send(contestant.port, ROUND);
      const after = await contestant.usage();
      if (failures > 0) throw new Error(`${contestant.name} failed ${failures} times on ${route.name}.`);
      const key = `${contestant.name} ${route.name}`;
      const found = figures.get(key) ?? { rate: [], cpu: [] };
      found.rate.push(answers / seconds);
      found.cpu.push((after.cpu - before.cpu) / answers);
      figures.set(key, found);
    }
  }
}

function report(figures: Map<string, Figures>, idle: number[]): void {
  const summary = (name: string, route: Route, figure: keyof Figures): Samples =>
    summarize(figures.get(`${name} ${route.name}`)![figure]);
  const head = ['', ...ROUTES.map(({ name }) => name)];
  const cells = (cell: (name: string, route: Route) => string) => [
    head,
    ...names.map((name) => [TITLES[name]!, ...ROUTES.map((route) => cell(name, route))]),
  ];
  const ratio = (figure: keyof Figures) => (name: string, route: Route) => {
    const [first, own] = [names[0]!, name].map((each) => summary(each, route, figure).median);
    return digits(figure === 'rate' ? own! / first! : first! / own!);
  };
  const measured = (figure: keyof Figures) => (name: string, route: Route) => {
    const { median, min, max } = summary(name, route, figure);
    return `${digits(median)} (${digits(min)}-${digits(max)})`;
  };
  const start = contestants.map(({ name, startUp }, at) => [
    TITLES[name]!,
    digits(startUp),
    digits(idle[at]!),
  ]);
  const text = [
    machine(['fastify', '@nestjs/core', '@nestjs/platform-fastify', 'express', 'class-validator']),
    `${CONNECTIONS} connections, 10,000 client addresses, 1,000 tokens, one core each for server and load; medians of ` +
      `${rounds} rounds of ${ROUND.answers} requests, in turn.`,
    'As fast as the first, by CPU time per request (requests per second, where the core has nothing else to do):',
    table(cells(ratio('cpu'))),
    'By requests per second, whatever else the machine had to do:',
    table(cells(ratio('rate'))),
    'Requests per second (spread):',
    table(cells(measured('rate'))),
    'CPU time per request in µs (spread):',
    table(cells(measured('cpu'))),
    'Milliseconds from the start of the process until it listens, and MB of memory then:',
    table([['', 'ms', 'MB'], ...start]),
  ].join('\n\n');
  console.log(text);
  if (!options.quick && options.only === '') writeSection('http', text);
}
