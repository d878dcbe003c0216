import type { Micros } from '../value/types.ts';
import { Clock } from './clock.ts';
import { Database } from './database.ts';
import { DirectoryLock } from './directory-lock.ts';
import type { Disk } from './disk.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import type { LogRecord } from './record.ts';
import { Segments } from './segments.ts';

/** All databases, and the directory that keeps them, if there is one. */
export class Store {
  readonly clock = new Clock();
  readonly #databases = new Map<string, Database>();
  /** What was before is known in its last state only. */
  #opened: Micros = this.clock.now();
  #lock: DirectoryLock | undefined;
  #segments: Segments | undefined;

  /** Opens a data directory, or memory when none is given. */
  static open(directory?: string, disk?: Disk): Store {
    const store = new Store();
    if (directory !== undefined) store.#load(directory, disk);
    return store;
  }

  get durable(): boolean {
    return this.#segments !== undefined;
  }

  get databases(): Iterable<Database> {
    return this.#databases.values();
  }

  database(name: string): Database {
    let database = this.#databases.get(name);
    if (!database) {
      database = new Database(name);
      database.history.startAt(this.#opened);
      this.#databases.set(name, database);
    }
    return database;
  }

  /** Resolves when the commit would survive the end of the process. */
  async append(record: LogRecord): Promise<void> {
    const segments = this.#segments;
    if (!segments) return;
    await segments.append(encodeRecord(record));
    if (segments.isGrown) void this.compact();
  }

  /** Replaces the log by a snapshot of what it leads to. */
  async compact(): Promise<void> {
    await this.#segments?.compact(() => [...this.#databases.values()]);
  }

  async close(): Promise<void> {
    await this.#segments?.close();
    this.#lock?.release();
  }

  #load(directory: string, disk?: Disk): void {
    this.#lock = new DirectoryLock(directory);
    try {
      this.#segments = new Segments(directory, (bytes) => this.#replay(bytes), { disk });
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#opened = this.clock.now();
    for (const database of this.#databases.values()) database.history.startAt(this.#opened);
  }

  #replay(bytes: Uint8Array): void {
    const { database, time, documents } = decodeRecord(bytes);
    this.clock.advanceTo(time);
    const target = this.database(database);
    for (const { path, document } of documents) target.load(document, path, document?.updateTime ?? time);
  }
}
