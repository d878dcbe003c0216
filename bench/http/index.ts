/**
 * The same three routes, answered alike, by this service and by others. Server and load have a core each; contestants
 * take turns, round by round. `--quick` for a first look, `--only fastify,service` for some of them; both write nothing.
 */
import { parseArgs } from 'node:util';
import { build } from '../lib/build.ts';
import { machine, writeSection } from '../lib/results.ts';
import { Contestant, Load } from './contestant.ts';
import { type Figures, report, type Result } from './report.ts';
import { headersOf, requestsFor, type Route, ROUTES } from './requests.ts';

const NAMES = ['fastify', 'nest', 'express', 'service'];
const ABSENT =
  '`@pbvision/fastify-firestore-service` 0.0.56 is not among them: npm cannot install it, for its dependency ' +
  '`@pbvision/schema` is not in the registry.';
const CONNECTIONS = 50;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const rounds = options.quick ? 3 : 11;
/** A round, and what goes before the first; the milliseconds bound the run where the machine is busy. */
const ROUND = options.quick ? { answers: 500, milliseconds: 400 } : { answers: 1_500, milliseconds: 1_200 };
const WARM_UP = options.quick
  ? { answers: 1_000, milliseconds: 800 }
  : { answers: 6_000, milliseconds: 4_000 };
const names = options.only === '' ? NAMES : options.only.split(',');

const folder = build('bench/http/contestants');
const load = new Load();
const contestants: Contestant[] = [];
try {
  for (const name of names) contestants.push(await Contestant.start(folder, name));
  const results: Result[] = names.map((name) => ({ name, figures: [] }));
  await checkAnswers();
  for (const route of ROUTES) {
    const figures = await measure(route);
    for (const [at, { figures: all }] of results.entries()) all.push(figures[at]!);
  }
  const routes = ROUTES.map(({ name }) => name);
  const text = [...circumstances(), report(routes, results)].join('\n\n');
  console.log(text);
  if (!options.quick && options.only === '') writeSection('http', text);
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

async function measure(route: Route): Promise<Figures[]> {
  const requests = requestsFor(route);
  const send = ({ port }: Contestant, amount: typeof ROUND) =>
    load.run({ port, requests, connections: CONNECTIONS, ...amount });
  const figures: Figures[] = contestants.map(() => ({ rate: [], cpu: [] }));
  for (const contestant of contestants) await send(contestant, WARM_UP);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contestant] of contestants.entries()) {
      const before = await contestant.usage();
      const { answers, failures, seconds } = await send(contestant, ROUND);
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
      `${rounds} rounds of ${ROUND.answers} requests, in turn.`,
    ABSENT,
  ];
}
