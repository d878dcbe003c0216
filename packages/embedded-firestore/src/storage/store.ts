import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Micros } from '../value/types.ts';
import { Clock } from './clock.ts';
import { Database } from './database.ts';
import { DirectoryLock } from './directory-lock.ts';
import { Log } from './log.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import type { LogRecord } from './record.ts';

const LOG_FILE = /^log-(\d{8})$/;

/** All databases, and the directory that keeps them, if there is one. */
export class Store {
  readonly clock = new Clock();
  readonly #databases = new Map<string, Database>();
  #lock: DirectoryLock | undefined;
  #log: Log | undefined;

  /** Opens a data directory, or memory when none is given. */
  static open(directory?: string): Store {
    const store = new Store();
    if (directory !== undefined) store.#load(directory);
    return store;
  }

  get durable(): boolean {
    return this.#log !== undefined;
  }

  get databases(): Iterable<Database> {
    return this.#databases.values();
  }

  database(name: string): Database {
    let database = this.#databases.get(name);
    if (!database) {
      database = new Database(name);
      this.#databases.set(name, database);
    }
    return database;
  }

  /** Resolves when the commit would survive the end of the process. */
  async append(record: LogRecord): Promise<void> {
    await this.#log?.append(encodeRecord(record));
  }

  async close(): Promise<void> {
    await this.#log?.close();
    this.#lock?.release();
  }

  #load(directory: string): void {
    this.#lock = new DirectoryLock(directory);
    try {
      const numbers = readdirSync(directory).flatMap((name) => LOG_FILE.exec(name)?.[1] ?? []).sort();
      this.#log = Log.open(join(directory, `log-${numbers.at(-1) ?? '00000001'}`), (bytes) => this.#replay(bytes));
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    const now: Micros = this.clock.now();
    for (const database of this.#databases.values()) database.history.startAt(now);
  }

  #replay(bytes: Uint8Array): void {
    const { database, time, documents } = decodeRecord(bytes);
    this.clock.advanceTo(time);
    const target = this.database(database);
    for (const { path, document } of documents) target.load(document, path, document?.updateTime ?? time);
  }
}
