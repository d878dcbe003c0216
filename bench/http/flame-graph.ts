/**
 * A profile as a picture: each bar is a function, as wide as the time it took with all it called, under who called it.
 * Functions below {@link NARROWEST} of the whole are left out. A browser shows the whole name when the mouse is over a bar.
 */
import { digits } from '../lib/stats.ts';
import { nameOf, type Profile, type ProfileNode } from './cpu-profile.ts';

const WIDTH = 1200;
const ROW = 17;
const LETTER = 6.2;
/** In pixels. */
const NARROWEST = 1.5;

/** First that matches. */
const COLOURS: [title: string, pattern: RegExp, colour: string][] = [
  ['the service', / (src|bench)\//, '#f4a261'],
  ['Nest', / (@nestjs|rxjs|reflect-metadata)\//, '#e5989b'],
  ['passport, JWT', / (passport|jsonwebtoken|jws|jwa|jwt)/, '#c8b6ff'],
  ['Fastify', / (fastify|@fastify|find-my-way|avvio|light-my-request|secure-json-parse)\b/, '#90be6d'],
  ['pino', / (pino|sonic-boom|@pinojs|fast-redact|quick-format-unescaped)\b/, '#ffd166'],
  ['other packages', /\.[cm]?js:/, '#a8dadc'],
  ['Node.js', / \S/, '#bfc9d1'],
  ['V8 and system calls', /^/, '#dde3e8'],
];

interface Frame {
  name: string;
  microseconds: number;
  calls: Map<string, Frame>;
}

/** @returns an SVG document, of times for each of the `requests` */
export function flameGraph(profile: Profile, title: string, requests: number): string {
  const root = framesOf(profile);
  const scale = WIDTH / root.microseconds;
  const bars: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, left: number, depth: number) => {
    const width = frame.microseconds * scale;
    if (width < NARROWEST) return;
    deepest = Math.max(deepest, depth);
    if (depth > 0) bars.push(bar(frame, left, depth, width, requests));
    let at = left;
    const widestFirst = [...frame.calls.values()].sort((a, b) => b.microseconds - a.microseconds);
    for (const called of widestFirst) {
      draw(called, at, depth + 1);
      at += called.microseconds * scale;
    }
  };
  draw(root, 0, 0);
  const height = (deepest + 4) * ROW;
  const heading = `${title}: ${digits(root.microseconds / requests)} µs of CPU time a request, profiled`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="4" y="14" font-size="14">${escaped(heading)}</text>`,
    ...legend(),
    ...bars,
    '</svg>\n',
  ].join('\n');
}

/** Calls of the same function by the same callers are one bar. */
function framesOf({ nodes, samples, timeDeltas }: Profile): Frame {
  const root: Frame = { name: '', microseconds: 0, calls: new Map() };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const frames = new Map<number, Frame>();
  const enter = (node: ProfileNode, caller: Frame) => {
    const name = nameOf(node);
    const frame = caller.calls.get(name) ?? { name, microseconds: 0, calls: new Map() };
    caller.calls.set(name, frame);
    frames.set(node.id, frame);
    for (const child of node.children ?? []) enter(byId.get(child)!, frame);
  };
  for (const child of nodes[0]!.children ?? []) enter(byId.get(child)!, root);
  for (const [at, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame && !frame.name.startsWith('(idle)')) frame.microseconds += timeDeltas[at]!;
  }
  addUp(root);
  return root;
}

function addUp(frame: Frame): number {
  for (const called of frame.calls.values()) frame.microseconds += addUp(called);
  return frame.microseconds;
}

function bar(
  { name, microseconds }: Frame,
  left: number,
  depth: number,
  width: number,
  requests: number,
): string {
  const y = (depth + 2) * ROW;
  const letters = Math.floor((width - 4) / LETTER);
  const label =
    letters > 3
      ? `<text x="${(left + 2).toFixed(1)}" y="${y + 12}">${escaped(name.slice(0, letters))}</text>`
      : '';
  return (
    `<g><title>${escaped(name)}: ${digits(microseconds / requests)} µs</title>` +
    `<rect x="${left.toFixed(1)}" y="${y}" width="${(width - 0.4).toFixed(1)}" height="${ROW - 1}" fill="${colourOf(name)}"/>${label}</g>`
  );
}

function legend(): string[] {
  const step = 150;
  return COLOURS.flatMap(([title, , colour], at) => [
    `<rect x="${4 + at * step}" y="${ROW + 5}" width="11" height="11" fill="${colour}"/>`,
    `<text x="${19 + at * step}" y="${ROW + 14}">${title}</text>`,
  ]);
}

const colourOf = (name: string): string => COLOURS.find(([, pattern]) => pattern.test(name))![2];

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => `&#${String(letter.charCodeAt(0))};`);
