import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const BUILD = join(ROOT, 'bench', '.build');
/** Outside of bench/, whose packages the service must not find before its own. */
const SERVICE = join(ROOT, 'node_modules', '.cache', 'bench');

/**
 * Compiles the service and a folder of the bench that uses it, for Node.js runs no decorators.
 * @param folder from the root, e.g. `bench/http/contestants`
 * @returns where the compiled files of the folder are
 */
export function build(folder: string): string {
  compile('src', SERVICE);
  compile(folder, BUILD);
  copyFileSync(join(ROOT, 'package.json'), join(SERVICE, 'package.json')); // the service reads its version
  rmSync(join(BUILD, 'src'), { recursive: true, force: true });
  symlinkSync(join(SERVICE, 'src'), join(BUILD, 'src'));
  return join(BUILD, folder);
}

function compile(folder: string, target: string): void {
  const swc = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  rmSync(join(target, folder), { recursive: true, force: true }); // what has gone must not go on being used
  mkdirSync(target, { recursive: true });
  const parameters = [swc, folder, '--out-dir', target, '--quiet'];
  const { status } = spawnSync(process.execPath, parameters, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${folder} does not compile.`);
}
