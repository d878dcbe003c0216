import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { EmbeddedFirestore, LockedDirectory } from 'embedded-firestore';
import { keepCompiled } from '../../config/lean-start.js';
import type { Settings } from '../../config/settings.js';

/** Written by `npm run firestore:indexes`. Resolved from here, for the service may be started from anywhere. */
export const INDEX_FILE = join(import.meta.dirname, '../../../firestore.indexes.json');

const LOOPBACK = '127.0.0.1';

/**
 * The engine of `packages/embedded-firestore`, in a thread of its own, reached over loopback. Its thread starts when
 * somebody first asks for the address; the data directory belongs to this process from the beginning.
 */
export class EmbeddedEngine {
  private starting: Promise<EmbeddedFirestore> | undefined;
  private directory: LockedDirectory | undefined;
  private door: Server | undefined;
  private isClosing = false;

  private constructor(private readonly settings: Settings) {}

  /** @throws {StartFailure} if another process uses the data directory, or it cannot be written to */
  static async reserve(settings: Settings): Promise<EmbeddedEngine> {
    const engine = new EmbeddedEngine(settings);
    if (!settings.isInMemory) await engine.reserveDirectory();
    return engine;
  }

  /**
   * Where the engine listens, as `host:port`.
   * @throws {StartFailure} which is not remembered: what is in the way may be gone the next time
   */
  async address(): Promise<string> {
    try {
      if (!this.isClosing) this.starting ??= this.start();
      const engine = await this.starting;
      if (engine && !this.isClosing) return engine.address;
    } catch (error) {
      this.starting = undefined;
      throw error;
    }
    throw new Error('Firestore is closed: the service is stopping.');
  }

  /** Who still waits for the address does not get it; who has it may finish. */
  beginToClose(): void {
    this.isClosing = true;
    this.door?.close();
  }

  /** Also while the thread is still starting. */
  async close(): Promise<void> {
    this.beginToClose();
    const engine = await this.starting?.catch(() => undefined);
    await engine?.close();
    this.directory?.release();
  }

  private async start(): Promise<EmbeddedFirestore> {
    const { startEmbeddedFirestore } = await loadEngine();
    return startEmbeddedFirestore({
      dataDirectory: this.settings.isInMemory ? undefined : join(this.settings.DATA_DIRECTORY, 'firestore'),
      indexes: this.settings.FIRESTORE_INDEXES,
      indexFile: INDEX_FILE,
    });
  }

  /** Whoever else wants the data, a command, gets the engine's address at the door. */
  private async reserveDirectory(): Promise<void> {
    const { lockDirectory } = await loadEngine();
    this.directory = lockDirectory(this.settings.DATA_DIRECTORY);
    this.door = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      this.address().then(
        (address) => socket.end(address),
        () => socket.destroy(),
      );
    });
    this.door.listen(0, LOOPBACK).unref();
    await once(this.door, 'listening');
    const { port } = this.door.address() as AddressInfo;
    await writeFile(doorFile(this.settings), String(port));
  }
}

function loadEngine(): Promise<typeof import('embedded-firestore')> {
  keepCompiled(); // its types, which would else be stripped at each start
  return import('embedded-firestore');
}

/** Where the engine of the process that has the data directory listens. */
export async function addressOfOtherEngine(settings: Settings): Promise<string> {
  const port = Number(await readFile(doorFile(settings), 'utf8'));
  const address = await text(connect(port, LOOPBACK));
  if (address === '') throw new Error('The process that has the data could not open it; its log says why.');
  return address;
}

const doorFile = (settings: Settings) => join(settings.DATA_DIRECTORY, 'firestore-door');
