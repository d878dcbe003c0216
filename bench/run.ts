/** `npm run bench -- <name> [options]`: installs what the benches need, then runs bench/<name>/index.ts. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const [name, ...options] = process.argv.slice(2);
const names = readdirSync(here).filter((entry) => existsSync(join(here, entry, 'index.ts')));

if (name === undefined || !names.includes(name)) {
  console.error(`Say which bench to run: ${names.map((known) => `npm run bench -- ${known}`).join(', ')}`);
  process.exit(1);
}
for (const folder of [here, join(here, 'http', 'pbvision')]) {
  if (!existsSync(join(folder, 'node_modules'))) run('npm', ['ci'], folder);
}
run(process.execPath, [join(here, name, 'index.ts'), ...options], join(here, '..'));

function run(program: string, parameters: string[], cwd: string): void {
  const { status } = spawnSync(program, parameters, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
