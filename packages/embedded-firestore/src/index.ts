import { getCompileCacheDir } from 'node:module';
import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { IndexFile } from './document/index-declaration.ts';
import { DirectoryLock } from './storage/directory-lock.ts';
import { INDEXES_PATH } from './worker-messages.ts';
import type { FromWorker, WorkerOptions } from './worker-messages.ts';

export type { IndexFile };

export interface EmbeddedFirestoreOptions {
  /** The address to listen on. Default `127.0.0.1`: nobody else's machine can connect. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Where the data is kept. Absent: in memory, gone when the engine is closed. */
  dataDirectory?: string;
  /** `strict` refuses a query whose composite index is not declared in `indexFile`, as production does. Default `off`. */
  indexes?: 'strict' | 'off';
  /** The path of a firestore.indexes.json. It is read at start and again when it changes. */
  indexFile?: string;
  /**
   * Told when the engine has stopped because of an unexpected error: clients can no longer connect. Default: the error
   * goes to standard error.
   */
  onCrash?: (error: EngineCrash) => void;
}

export interface EmbeddedFirestore {
  readonly host: string;
  readonly port: number;
  /** `host:port`, what `FIRESTORE_EMULATOR_HOST` wants. */
  readonly address: string;
  /** What the queries so far would need declared in production: the content of a firestore.indexes.json. */
  requiredIndexes(): Promise<IndexFile>;
  /** Finishes what was acknowledged, frees port and data directory. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts a Firestore server in a thread of its own, so that its work never holds up the caller's event loop.
 *
 * @throws {StartFailure} when the port is taken, or the data directory is in use or cannot be used.
 */
export async function startEmbeddedFirestore(
  options: EmbeddedFirestoreOptions = {},
): Promise<EmbeddedFirestore> {
  const { host = '127.0.0.1', port = 0, dataDirectory, indexes = 'off', indexFile, onCrash } = options;
  const workerData: WorkerOptions = { host, port, dataDirectory, indexes, indexFile };
  // Node strips the types of each engine's thread by WebAssembly. Threads whose calls out of it are recompiled at the
  // same time ended the process (V8: "Check failed: jit_page.has_value()", in TierUpWasmToJSWrapper), so none is.
  setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647');
  // The host's flags (a test runner's, for instance) are not meant for the engine.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData,
    execArgv: [],
    env: threadEnvironment(),
    // All documents are in the thread's heap, which would end at half of the memory and at 4 GB.
    resourceLimits: { maxOldGenerationSizeMb: memoryBytes() / 2 ** 20 },
    name: 'embedded-firestore',
  });
  return supervise(worker, host, port, onCrash);
}

/** Of the machine, or of the container. */
function memoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** A thread does not use its host's compile cache by itself. With it, a start strips no types and takes half the time. */
function threadEnvironment(): NodeJS.ProcessEnv {
  // eslint-disable-next-line no-restricted-properties -- passed on, not read
  const { env } = process;
  const cache = getCompileCacheDir();
  return cache ? { ...env, NODE_COMPILE_CACHE: cache } : env;
}

/** The engine as its host sees it: it starts or says why not, and when it dies the host is told, not left waiting. */
export async function supervise(
  worker: Worker,
  host: string,
  port: number,
  onCrash: (error: EngineCrash) => void = reportCrash,
): Promise<EmbeddedFirestore> {
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const started = await firstMessage(worker, host, port);
  let closing: Promise<void> | undefined;
  let cause: Error | undefined;
  let crash: EngineCrash | undefined;
  worker.on('error', (error: Error) => {
    cause = error;
  });
  void exited.then(() => {
    if (closing && cause === undefined) return;
    crash = new EngineCrash(cause);
    onCrash(crash);
  });
  const close = () => {
    closing ??= stop(worker, exited);
    return closing;
  };
  const address = `${host}:${started}`;
  const requiredIndexes = async () => {
    if (crash) throw crash;
    return (await fetch(`http://${address}${INDEXES_PATH}`)).json() as Promise<IndexFile>;
  };
  return { host, port: started, address, requiredIndexes, close };
}

function firstMessage(worker: Worker, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    const exited = () => reject(startFailure('its thread ended', host, port));
    worker.once('exit', exited);
    worker.once('message', (message: FromWorker) => {
      worker.off('error', reject).off('exit', exited);
      if (message.kind === 'ready') resolve(message.port);
      else reject(startFailure(message.kind === 'failed' ? message.message : 'it was closed', host, port));
    });
  });
}

/** See {@link lockDirectory}. */
export interface LockedDirectory {
  release(): void;
}

/**
 * Keeps a directory to this process until it is released or the process ends, however that is. For a host that starts
 * its engine later. It is another lock than the one that an engine has on its own data directory.
 *
 * @throws {StartFailure} when the directory is in use by another process or cannot be used.
 */
export function lockDirectory(directory: string): LockedDirectory {
  try {
    return new DirectoryLock(directory);
  } catch (error) {
    throw new StartFailure((error as Error).message);
  }
}

/** The engine cannot start here; the message says why and what to do. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}

/** The engine has stopped because of an unexpected error, which is the `cause`. */
export class EngineCrash extends Error {
  override readonly name = 'EngineCrash';

  constructor(cause: Error | undefined) {
    const reason = cause?.message ?? 'its thread ended without saying why';
    super(
      `The embedded Firestore has stopped unexpectedly: ${reason}. What it had acknowledged is in the data directory, ` +
        'if it has one; start it again to go on.',
      { cause },
    );
  }
}

function startFailure(message: string, host: string, port: number): StartFailure {
  if (message.includes('EADDRINUSE')) {
    return new StartFailure(
      `The embedded Firestore cannot listen on ${host}:${port} because another program does. ` +
        'Stop that program or choose another port (0 takes any free one).',
    );
  }
  return new StartFailure(`The embedded Firestore could not start. ${message}`);
}

async function stop(worker: Worker, exited: Promise<void>): Promise<void> {
  worker.postMessage('close');
  await exited;
}

function reportCrash(error: EngineCrash): void {
  console.error('embedded-firestore:', error);
}
