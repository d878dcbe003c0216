import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { systemDisk } from './disk.ts';
import type { Disk } from './disk.ts';
import { Log } from './log.ts';
import { syncDirectory, writeSnapshot } from './snapshot.ts';

const FILE = /^(log|snapshot)-(\d{8})$/;
const MIN_BYTES_TO_COMPACT = 32 * 1024 * 1024;

export interface SegmentsOptions {
  /** The size at which a log is worth a snapshot. */
  compactAt?: number | undefined;
  disk?: Disk | undefined;
}

/**
 * The files of a data directory: `snapshot-N` has everything up to the end of `log-N`, later logs what came after.
 * A log that has grown far beyond what it describes is replaced by a snapshot while commits go on into the next one.
 */
export class Segments {
  readonly #directory: string;
  readonly #compactAt: number;
  readonly #disk: Disk;
  #number: number;
  #log: Log;
  #snapshotBytes: number;
  #compacting: Promise<void> | undefined;

  /** Hands every record to `replay`, oldest first. */
  constructor(directory: string, replay: (record: Uint8Array) => void, options: SegmentsOptions = {}) {
    this.#directory = directory;
    this.#compactAt = options.compactAt ?? MIN_BYTES_TO_COMPACT;
    this.#disk = options.disk ?? systemDisk;
    const names = readdirSync(directory).sort();
    const numbers = (wanted: string) =>
      names.flatMap((name) => {
        const [, kind, number] = FILE.exec(name) ?? [];
        return kind === wanted ? [Number(number)] : [];
      });
    const snapshot = numbers('snapshot').at(-1) ?? 0;
    this.#snapshotBytes = snapshot > 0 ? readAll(this.#path('snapshot', snapshot), replay) : 0;
    const logs = numbers('log').filter((number) => number > snapshot);
    for (const number of logs.slice(0, -1)) readAll(this.#path('log', number), replay);
    this.#number = logs.at(-1) ?? snapshot + 1;
    this.#log = Log.open(this.#path('log', this.#number), replay, this.#disk);
    syncDirectory(directory);
    this.#removeUpTo(snapshot);
  }

  append(record: Uint8Array): Promise<void> {
    return this.#log.append(record);
  }

  /** Whether there is so much history that a snapshot is worth its cost. */
  get isGrown(): boolean {
    return !this.#compacting && this.#log.size > Math.max(this.#compactAt, 2 * this.#snapshotBytes);
  }

  /** Writes a snapshot and drops the history before it. Failing to is no harm: the log simply goes on. */
  compact(databases: () => readonly Database[]): Promise<void> {
    this.#compacting ??= this.#compact(databases)
      .catch((error: unknown) => console.error('embedded-firestore: the log could not be compacted', error))
      .finally(() => {
        this.#compacting = undefined;
      });
    return this.#compacting;
  }

  async close(): Promise<void> {
    await this.#compacting;
    await this.#log.close();
  }

  async #compact(databases: () => readonly Database[]): Promise<void> {
    const finished = this.#number;
    const old = this.#log;
    this.#log = Log.open(this.#path('log', finished + 1), () => undefined, this.#disk);
    this.#number = finished + 1;
    syncDirectory(this.#directory);
    await old.close();
    // The commits of the old log are durable now; one turn later they are in memory as well.
    await new Promise(setImmediate);
    const path = this.#path('snapshot', finished);
    await writeSnapshot(path, databases(), this.#disk);
    this.#snapshotBytes = statSync(path).size;
    this.#removeUpTo(finished);
  }

  #removeUpTo(snapshot: number): void {
    for (const name of readdirSync(this.#directory)) {
      const [, kind, number] = FILE.exec(name) ?? [];
      const isOld = kind === 'log' ? Number(number) <= snapshot : Number(number) < snapshot;
      if (kind && isOld) rmSync(join(this.#directory, name));
    }
  }

  #path(kind: 'log' | 'snapshot', number: number): string {
    return join(this.#directory, `${kind}-${String(number).padStart(8, '0')}`);
  }
}

function readAll(path: string, replay: (record: Uint8Array) => void): number {
  const log = Log.open(path, replay);
  void log.close();
  return log.size;
}
