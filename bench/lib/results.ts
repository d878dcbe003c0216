import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, '..', 'RESULTS.md');
const HEADER =
  '# What was measured last\n\nWritten by `npm run bench -- <name>`; each bench replaces its own section.\n';

/** A Markdown table. The first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** What it ran on, without names and dates. `packages` are resolved from the bench folder. */
export function machine(packages: readonly string[]): string {
  const versions = packages.map((name) => `${name} ${versionOf(name)}`);
  const memory = Math.round(totalmem() / 2 ** 30);
  const cores = cpus().length;
  return `${cores} cores, ${memory} GB, Node ${process.version}${versions.map((text) => `, ${text}`).join('')}.`;
}

function versionOf(name: string): string {
  const directories =
    createRequire(join(import.meta.dirname, '..', 'package.json')).resolve.paths(name) ?? [];
  for (const directory of directories) {
    const file = join(directory, name, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  throw new Error(`${name} is not installed.`);
}

/** Replaces the section of one bench in RESULTS.md. */
export function writeSection(name: string, body: string): void {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEADER;
  const [header = HEADER, ...sections] = text.split(/^(?=## )/m);
  const others = sections.filter((section) => !section.startsWith(`## ${name}\n`));
  const all = [...others, `## ${name}\n\n${body.trim()}\n`].map((section) => section.trim()).sort();
  writeFileSync(FILE, `${[header.trim(), ...all].join('\n\n')}\n`);
}
