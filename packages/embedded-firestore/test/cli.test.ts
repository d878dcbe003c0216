import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Firestore } from '@google-cloud/firestore';
import './support/client.ts';

const cli = join(import.meta.dirname, '../src/cli.ts');
const run = (...args: string[]): ChildProcess => spawn(process.execPath, [cli, ...args]);

it('serves until it is told to stop, then leaves cleanly', async () => {
  const child = run('--memory', '--port', '0');
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  const address = /^Firestore listens on (\S+), data in memory/.exec(said.toString())![1]!;
  const db = new Firestore({ projectId: 'demo', host: address, ssl: false });
  await db.doc('a/b').set({ n: 1 });
  expect((await db.doc('a/b').get()).data()).toEqual({ n: 1 });
  await db.terminate();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('explains itself, and refuses what it does not understand', async () => {
  const help = run('--help');
  expect(await text(help.stdout!)).toMatch(/--indexes FILE/);
  const wrong = run('--port', 'x');
  expect(await text(wrong.stderr!)).toMatch(/--port must be a port number/);
});
