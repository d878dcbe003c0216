import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './engine.ts';
import { serve } from './grpc/server.ts';
import type { FromWorker, WorkerOptions } from './worker-messages.ts';

/** The thread that runs the engine and its server. It tells the host when it is ready, and stops when it is told. */
const { host, port, dataDirectory, indexes, indexFile } = workerData as WorkerOptions;
const tell = (message: FromWorker) => parentPort!.postMessage(message);

try {
  const engine = new Engine({ directory: dataDirectory, indexes, indexFile });
  try {
    const server = await serve(engine, host, port);
    const stop = async () => {
      await server.close();
      await engine.close();
      tell({ kind: 'closed' });
      parentPort!.close();
    };
    parentPort!.once('message', () => void stop());
    tell({ kind: 'ready', port: server.port });
  } catch (error) {
    await engine.close();
    throw error;
  }
} catch (error) {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  parentPort!.close();
}
