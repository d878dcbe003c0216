/**
 * What a counted request costs the storage of limits, by limit and number of callers, beside the storage that
 * `@nestjs/throttler` brings. In turn, round by round, each on a storage of its own. `--quick` writes nothing.
 */
import { parseArgs } from 'node:util';
import { ThrottlerStorageService } from '@nestjs/throttler';
import { FixedWindowStorage } from '../../src/core/throttling/fixed-window.storage.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';

const MINUTE = 60_000;
const HITS = 40_000;
const CASES = [10, 10_000].flatMap((limit) => [10, 10_000].map((callers) => ({ limit, callers })));

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const rounds = options.quick ? 3 : 15;

const results = CASES.map((each) => ({ ...each, own: [] as number[], library: [] as number[] }));
for (let round = -1; round < rounds; round++) {
  for (const { limit, callers, own, library } of results) {
    const figures = [await ownCost(limit, callers), await libraryCost(limit, callers)] as const;
    if (round < 0) continue; // not compiled yet
    own.push(figures[0]);
    library.push(figures[1]);
  }
}

function ownCost(limit: number, callers: number): Promise<number> {
  const storage = new FixedWindowStorage();
  return costOf(callers, (key) => storage.increment(key, MINUTE, limit));
}

async function libraryCost(limit: number, callers: number): Promise<number> {
  const storage = new ThrottlerStorageService();
  const cost = await costOf(callers, (key) => storage.increment(key, MINUTE, limit, MINUTE, 'default'));
  storage.onApplicationShutdown();
  return cost;
}

/** CPU time of a hit, in microseconds; callers take turns. */
async function costOf(callers: number, hit: (key: string) => Promise<unknown>): Promise<number> {
  const keys = Array.from({ length: callers }, (_, at) => `default:user:${at}`);
  const before = process.cpuUsage();
  for (let at = 0; at < HITS; at++) await hit(keys[at % callers]!);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / HITS;
}

const first = results[0]!.own;
const ratio = (times: number[], to: number[]) =>
  digits(summarize(times.map((time, round) => time / to[round]!)).median);
const text = [
  machine(['@nestjs/throttler']),
  `CPU time of a hit in µs, of ${HITS} hits by callers in turn; medians of ${rounds} rounds and of the rounds' ratios. ` +
    'At a limit of 10, ten callers are soon above it.',
  table([
    ['limit, callers', 'this service', 'to its first line', '@nestjs/throttler', 'to this service'],
    ...results.map(({ limit, callers, own, library }) => [
      `${limit}, ${callers}`,
      withSpread(summarize(own)),
      ratio(own, first),
      withSpread(summarize(library)),
      ratio(library, own),
    ]),
  ]),
].join('\n\n');
console.log(text);
if (!options.quick) writeSection('throttling', text);
