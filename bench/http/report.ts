import { table } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';

/** Figures of one contestant on one route, a number a round. */
export interface Figures {
  /** Requests per second. */
  rate: number[];
  /** CPU time of the server per request, in microseconds: steadier than the rate where the machine has other work. */
  cpu: number[];
}

export interface Result {
  name: string;
  figures: Figures[];
}

const TITLES: Record<string, string> = {
  fastify: 'Fastify by hand, tuned',
  nest: 'NestJS on Fastify, idiomatic',
  express: 'Express, idiomatic',
  pbvision: '@pbvision/fastify-firestore-service',
  service: 'this service',
  bare: 'this service without what the former lacks',
  'fastify-data': 'Fastify by hand, the client called directly',
  'nest-data': 'NestJS on Fastify, idiomatic',
  'express-data': 'Express, idiomatic',
  'pbvision-data': '@pbvision/fastify-firestore-service, its own ORM',
  'service-data': 'this service',
  'bare-data': 'this service without what the former lacks',
};

/** What the service has promised to be at least: so many times as fast as another. */
const BARS: Array<[own: string, other: string, times: number]> = [
  ['service', 'fastify', 1],
  ['service', 'nest', 4],
  ['bare', 'pbvision', 1.2],
  ['service-data', 'fastify-data', 0.85],
  ['bare-data', 'pbvision-data', 1.2],
];

/** The tables. Ratios are those to the first contestant. */
export function report(routes: string[], results: Result[]): string {
  const rows = (cell: (figures: Figures, first: Figures) => string) =>
    table([
      ['', ...routes],
      ...results.map(({ name, figures }) => [
        TITLES[name]!,
        ...figures.map((each, at) => cell(each, results[0]!.figures[at]!)),
      ]),
    ]);
  return [
    'As fast as the first, by CPU time per request (requests per second, where the core has nothing else to do):',
    rows((own, first) => digits(speedUp(own, first))),
    'By requests per second, whatever else the machine had to do:',
    rows((own, first) => digits(summarize(own.rate).median / summarize(first.rate).median)),
    'Requests per second (spread):',
    rows(({ rate }) => withSpread(summarize(rate))),
    'CPU time per request in µs (spread):',
    rows(({ cpu }) => withSpread(summarize(cpu))),
    ...bars(routes, results),
  ].join('\n\n');
}

function bars(routes: string[], results: Result[]): string[] {
  const of = (name: string) => results.find((result) => result.name === name);
  const rows = BARS.flatMap(([own, other, times]) => {
    const service = of(own);
    const figures = of(other)?.figures;
    if (!service || !figures) return [];
    const ratios = service.figures.map((each, at) => speedUp(each, figures[at]!));
    const verdicts = ratios.map((ratio) => `${digits(ratio)}x (${ratio >= times ? 'met' : 'missed'})`);
    return [[`${TITLES[other]}: at least ${times}x`, ...verdicts]];
  });
  return rows.length === 0 ? [] : ['The bars, by CPU time:', table([['', ...routes], ...rows])];
}

/** Median of the ratios of the rounds: what else the machine does changes from round to round, and is the same for both. */
const speedUp = (own: Figures, other: Figures): number =>
  summarize(own.cpu.map((each, round) => other.cpu[round]! / each)).median;
