/**
 * `npm run check`: all that must hold besides the tests, exactly as CI runs it. Two steps at a time; what a step
 * printed is shown when it fails. With `--outputFile=<file>` it writes the numbers there, as Jest does.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

/** Scripts of package.json, the longest first. */
const STEPS = [
  'check:dockerfile',
  'lint',
  'check:types',
  'openapi:check',
  'check:format',
  'check:boundaries',
];
const AT_ONCE = 2;

const { values } = parseArgs({ options: { outputFile: { type: 'string' } } });
const waiting = [...STEPS];
const failed: string[] = [];

await Promise.all(Array.from({ length: AT_ONCE }, work));
const passed = STEPS.length - failed.length;
if (values.outputFile) await writeFile(values.outputFile, JSON.stringify({ passed, failed: failed.length }));
console.log(
  `check: ${passed} passed, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(', ')})` : ''}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

async function work(): Promise<void> {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const start = performance.now();
    const { code, output } = await run(step);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${code === 0 ? '✓' : '✗'} ${step} ${seconds} s`);
    if (code === 0) continue;
    failed.push(step);
    console.log(output.trimEnd());
  }
}

function run(script: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: string) => void (output += chunk);
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', reject).on('close', (code) => resolve({ code, output }));
  });
}
