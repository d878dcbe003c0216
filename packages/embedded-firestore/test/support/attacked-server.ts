// Run as a process of its own, with --expose-gc: serves an engine from its main thread, so that what is left behind by
// an attack can be counted, and says so when it is asked. An error that nobody caught ends it, and with it the test.
import { Engine } from '../../src/engine.ts';
import { serve } from '../../src/grpc/server.ts';

export interface Footprint {
  /** Live bytes after a full garbage collection. */
  memory: number;
  /** Open connections. */
  sockets: number;
}

const engine = new Engine();
const server = await serve(engine, '127.0.0.1', 0);
process.on('message', (question: 'footprint' | 'close') => {
  if (question === 'footprint') process.send!(footprint());
  else void close();
});
process.send!({ port: server.port });

async function close(): Promise<void> {
  await server.close();
  await engine.close();
  process.disconnect();
}

function footprint(): Footprint {
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  return { memory: heapUsed + external, sockets };
}
