/**
 * Where one contestant's time goes: `node bench/http/profile.ts [contestant] [route]`. Prints what costs most by itself
 * and with what it calls, in microseconds a request; leaves the profile, which Chrome's DevTools open, and a flame graph.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../lib/build.ts';
import { table } from '../lib/results.ts';
import { digits } from '../lib/stats.ts';
import { Contestant, Load } from './contestant.ts';
import { type Profile, sum } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';
import { requestsFor, ROUTES } from './requests.ts';

const ROWS = 45;

const [name = 'service', wanted = 'GET me'] = process.argv.slice(2);
const route = ROUTES.find((each) => each.name === wanted)!;
const contestant = await Contestant.start(build('bench/http/contestants'), name);
const load = new Load();
const job = { port: contestant.port, requests: requestsFor(route), connections: 50, milliseconds: 20_000 };
await load.run({ ...job, answers: 10_000 });
await contestant.startProfile();
const { answers } = await load.run({ ...job, answers: 20_000 });
const profile = await contestant.stopProfile<Profile>();
await contestant.stop();
await load.stop();

const folder = mkdtempSync(join(tmpdir(), 'profile-'));
writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
writeFileSync(join(folder, `${name}.svg`), flameGraph(profile, `${name}, ${route.name}`, answers));
const { self, total, busy } = sum(profile);
console.log(`${name}, ${route.name}: ${answers} requests, ${digits(busy / answers)} µs each; see ${folder}`);
for (const [title, times] of [
  ['By itself', self],
  ['With what it calls', total],
] as const) {
  const top = [...times].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  const rows = top.map(([where, time]) => [where, digits(time / answers)]);
  console.log(`\n${table([[title, 'µs'], ...rows])}`);
}
