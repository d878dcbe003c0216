import { describe, expect, it } from '@jest/globals';
import { Worker } from 'node:worker_threads';
import { EngineCrash, supervise } from '../src/index.ts';

/** An engine's thread that says it is ready, and then does what it is told. */
const thread = (body: string) =>
  new Worker(`const { parentPort } = require('node:worker_threads'); ${body}`, { eval: true });
const obedient = (onMessage: string) =>
  thread(
    `parentPort.on('message', () => { ${onMessage} }); parentPort.postMessage({ kind: 'ready', port: 1 });`,
  );
const nudge = (worker: Worker) => worker.postMessage('now');

describe('the host of an engine that dies', () => {
  it.each([
    ['of an error', "throw new Error('a bug')", /has stopped unexpectedly: a bug\. What it had acknowledged/],
    ['of a rejection', "Promise.reject(new Error('a bug'))", /has stopped unexpectedly: a bug\./],
    ['without a word', 'process.exit(3)', /its thread ended without saying why/],
  ])('is told so when it dies %s', async (_, death, text) => {
    const { promise, resolve } = Promise.withResolvers<EngineCrash>();
    const worker = obedient(death);
    const engine = await supervise(worker, '127.0.0.1', 0, resolve);
    nudge(worker);
    const crash = await promise;
    expect(crash).toBeInstanceOf(EngineCrash);
    expect(crash.message).toMatch(text);
    await expect(engine.requiredIndexes()).rejects.toBe(crash);
    await engine.close();
  });

  it('is not told of an end that it asked for', async () => {
    const crashes: EngineCrash[] = [];
    const engine = await supervise(obedient('parentPort.close()'), '127.0.0.1', 0, (crash) =>
      crashes.push(crash),
    );
    await Promise.all([engine.close(), engine.close()]);
    expect(crashes).toEqual([]);
  });

  it.each([
    ['by an error', "throw new Error('cannot')", /cannot/],
    ['without a word', 'process.exit(0)', /could not start\. its thread ended/],
    ['saying why', "parentPort.postMessage({ kind: 'failed', message: 'No.' })", /could not start\. No\./],
  ])('is told when it cannot start, %s', async (_, death, text) => {
    await expect(supervise(thread(death), '127.0.0.1', 0)).rejects.toThrow(text);
  });
});
