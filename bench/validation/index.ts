/** What it costs to make a DTO of input and to check it: the libraries beside the service's compiled form. */
import { join } from 'node:path';
import { build } from '../lib/build.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';
import type { Case, Parse } from './contestants/case.ts';

const ROUNDS = 15;
const MILLISECONDS = 100;

const parsers = join(build('bench/validation/contestants'), 'parsers.js');
const { CASES } = (await import(parsers)) as { CASES: Case[] };
const rows = [['', 'libraries, µs', 'compiled, µs', 'ratio']];
for (const { name, input, libraries, service } of CASES) {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, parse] of [libraries, service].entries()) {
      const time = await timeOf(parse, input);
      if (round > 0) times[at]!.push(time); // the first round warms up
    }
  }
  const [before, after] = times.map(summarize);
  rows.push([name, withSpread(before!), withSpread(after!), digits(before!.median / after!.median)]);
}
const text = [
  machine(['class-validator', 'class-transformer']),
  `Medians of ${ROUNDS} rounds, in turn.`,
  table(rows),
];
console.log(text.join('\n\n'));
writeSection('validation', text.join('\n\n'));

/** Microseconds of CPU time a call. */
async function timeOf(parse: Parse, input: object): Promise<number> {
  const end = performance.now() + MILLISECONDS;
  const before = process.cpuUsage();
  let calls = 0;
  while (performance.now() < end) {
    for (let at = 0; at < 20; at++) {
      const parsed = parse(input);
      if (parsed instanceof Promise) await parsed;
    }
    calls += 20;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
