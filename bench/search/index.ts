/** What it costs to list and search users, of a thousand and of a hundred thousand (U5). `-- --users 20000` for fewer. */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { startEmbeddedFirestore } from 'embedded-firestore';
import { build } from '../lib/build.ts';
import { machine, table, writeSection } from '../lib/results.ts';
import { digits, summarize, withSpread } from '../lib/stats.ts';
import type { startService as StartService } from './contestants/users.ts';

const ROUNDS = 21;
const REQUESTS = 10;
const BAR = 1.5;
const { values } = parseArgs({ options: { users: { type: 'string', default: '100000' } } });
const SIZES = [1000, Number(values.users)] as const;

/** Each finds the same number of users, whatever their number in all. */
const LISTS: Record<string, Record<string, string>> = {
  'the newest, by cursor': { cursor: '' },
  'by last name, by cursor': { sort: 'lastName', order: 'asc', cursor: '' },
  search: { search: 'zel', cursor: '' },
  'search and role, by first name': { search: 'zel', role: 'moderator', sort: 'firstName', cursor: '' },
  'role, by last name': { role: 'moderator', sort: 'lastName', order: 'asc', cursor: '' },
  'search, page 2 by number, with the total': { search: 'zel', page: '2' },
  'page 1 by number, with the total of all': { page: '1' },
  'page 40 by number': { page: '40' },
};

const compiled = join(build('bench/search/contestants'), 'users.js');
const { startService } = (await import(compiled)) as { startService: typeof StartService };
const sides = await Promise.all(
  SIZES.map(async (size) => {
    const engine = await startEmbeddedFirestore();
    const service = await startService(engine.address);
    await service.load(size);
    return { engine, service };
  }),
);

for (const query of Object.values(LISTS)) {
  // Builds the indexes.
  for (const { service } of sides) await service.list(query);
}

const rows = [['', ...SIZES.map((size) => `${size} users, ms`), 'ratio', 'CPU, ratio', `bar ${BAR} (CPU)`]];
for (const [name, query] of Object.entries(LISTS)) rows.push(await row(name, query));
for (const { service, engine } of sides) {
  await service.close();
  await engine.close();
}

const text = [
  machine(['@google-cloud/firestore']),
  `GET /api/v1/users through the whole service, 20 to a page. Medians of ${ROUNDS} rounds of ${REQUESTS}, in turn; the CPU ` +
    `time, which no busy machine spoils, is that of the process, the engine's thread included.`,
  table(rows),
  'By cursor a list costs the documents of its page and one more. By number it also counts all that match and skips the ' +
    'pages before, both without a look at them.',
];
console.log(text.join('\n\n'));
writeSection('search', text.join('\n\n'));

async function row(name: string, query: Record<string, string>): Promise<string[]> {
  const clock: number[][] = [[], []];
  const processor: number[][] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    // In turn, and who begins changes: a busy moment hits both.
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const { wall, cpu } = await measure(which, query);
      if (round === 0) continue; // warms up
      clock[which]!.push(wall);
      processor[which]!.push(cpu);
    }
  }
  const [few, many] = clock.map(summarize);
  const ratio = many!.median / few!.median;
  const cpu = summarize(processor[1]!).median / summarize(processor[0]!).median;
  return [
    name,
    withSpread(few!),
    withSpread(many!),
    digits(ratio),
    digits(cpu),
    cpu <= BAR ? 'met' : 'missed',
  ];
}

async function measure(which: number, query: Record<string, string>) {
  const { service } = sides[which]!;
  const before = process.cpuUsage();
  const start = performance.now();
  for (let request = 0; request < REQUESTS; request++) {
    if ((await service.list(query)) === 0) throw new Error(`${JSON.stringify(query)} found nobody.`);
  }
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - start) / REQUESTS, cpu: (user + system) / REQUESTS };
}
