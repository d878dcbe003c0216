/**
 * Where one contestant's time goes: `node bench/http/profile.ts [contestant] [route]`. Prints what costs most by itself
 * and with what it calls, in microseconds a request; the .cpuprofile it names opens as a flame graph in Chrome's DevTools.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../lib/build.ts';
import { table } from '../lib/results.ts';
import { digits } from '../lib/stats.ts';
import { Contestant, Load } from './contestant.ts';
import { requestsFor, ROUTES } from './requests.ts';

const ROWS = 45;

interface Node {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}
interface Profile {
  nodes: Node[];
  samples: number[];
  timeDeltas: number[];
}

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

const file = join(mkdtempSync(join(tmpdir(), 'profile-')), `${name}.cpuprofile`);
writeFileSync(file, JSON.stringify(profile));
const { self, total, busy } = sum(profile);
console.log(`${name}, ${route.name}: ${answers} requests, ${digits(busy / answers)} µs each; ${file}`);
for (const [title, times] of [
  ['By itself', self],
  ['With what it calls', total],
] as const) {
  const top = [...times].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  const rows = top.map(([where, time]) => [where, digits(time / answers)]);
  console.log(`\n${table([[title, 'µs'], ...rows])}`);
}

/** Microseconds by function; a function that calls itself counts once. */
function sum({ nodes, samples, timeDeltas }: Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  const add = (times: Map<string, number>, where: string, time: number) =>
    times.set(where, (times.get(where) ?? 0) + time);
  let busy = 0;
  for (const [at, id] of samples.entries()) {
    const node = byId.get(id)!;
    if (node.callFrame.functionName === '(idle)') continue;
    const time = timeDeltas[at]!;
    busy += time;
    add(self, nameOf(node), time);
    const seen = new Set<string>();
    for (let each: Node | undefined = node; each; each = byId.get(parents.get(each.id) ?? -1))
      seen.add(nameOf(each));
    for (const where of seen) add(total, where, time);
  }
  return { self, total, busy };
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: Node): string {
  const file = url.replace(/^.*\/(?:\.cache\/bench|node_modules|\.build)\//, '').replace('node:', '');
  return `${functionName || '(anonymous)'} ${file}${file ? `:${lineNumber + 1}` : ''}`;
}
