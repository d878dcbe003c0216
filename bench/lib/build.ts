import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const BUILD = join(ROOT, 'bench', '.build');

/**
 * Compiles the service and a folder of the bench that uses it, for Node.js runs no decorators.
 * @param folder from the root, e.g. `bench/http/contestants`
 * @returns where the compiled files of the folder are
 */
export function build(folder: string): string {
  const swc = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  const parameters = ['src', folder, '--out-dir', 'bench/.build', '--quiet'];
  const { status } = spawnSync(process.execPath, [swc, ...parameters], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${folder} does not compile.`);
  copyFileSync(join(ROOT, 'package.json'), join(BUILD, 'package.json')); // the service reads its version
  return join(BUILD, folder);
}
