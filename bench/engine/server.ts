/**
 * A process that serves one engine: `node server.ts <kind> [data directory]`. It says where it listens, and answers the
 * questions of the process that started it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Engine } from '../../packages/embedded-firestore/src/engine.ts';
import { serve } from '../../packages/embedded-firestore/src/grpc/server.ts';
import { startEmbeddedFirestore } from '../../packages/embedded-firestore/src/index.ts';
import type { Answer, Kind, Question } from './messages.ts';

interface OtherServer {
  start(port: number): Promise<void>;
  stop(): void;
}

/** Not a literal, so that types and lint can be checked without installing it. */
const OTHER: string = '@firestore-emulator/server';
const [kind, dataDirectory] = process.argv.slice(2) as [Kind, string | undefined];
const began = performance.now();
const { address, stop } = await start();
const delay = monitorEventLoopDelay({ resolution: 1 });

process.on('message', (question: Question) => void answer(question));
tell({ ready: { address, milliseconds: performance.now() - began } });

async function start(): Promise<{ address: string; stop: () => Promise<unknown> }> {
  if (kind === 'other') {
    const { FirestoreServer } = (await import(OTHER)) as { FirestoreServer: new () => OtherServer };
    const server = new FirestoreServer();
    const port = await freePort();
    await server.start(port);
    return { address: `127.0.0.1:${port}`, stop: async () => server.stop() };
  }
  if (kind === 'same-thread') {
    // Its memory can only be told apart from garbage in the thread that asks for the collection.
    const engine = new Engine();
    const server = await serve(engine, '127.0.0.1', 0);
    return { address: `127.0.0.1:${server.port}`, stop: () => server.close().then(() => engine.close()) };
  }
  const server = await startEmbeddedFirestore(dataDirectory === undefined ? {} : { dataDirectory });
  return { address: server.address, stop: () => server.close() };
}

async function answer(question: Question): Promise<void> {
  switch (question) {
    case 'memory':
      return tell({ memory: liveBytes() });
    case 'cpu':
      return tell({ cpu: usedCpu() });
    case 'reset-delay':
      delay.reset();
      // Not before: it wakes the process a thousand times a second, which would count as the engine's work.
      delay.enable();
      return tell({});
    case 'delay':
      delay.disable();
      return tell({ delay: delay.percentile(99) / 1e6 });
    case 'stop':
      await stop();
      tell({});
      process.disconnect();
      // The other engine has no way to end by itself.
      process.exit();
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Of all threads. */
function usedCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => undefined;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function tell(answer: Answer): void {
  process.send!(answer);
}
