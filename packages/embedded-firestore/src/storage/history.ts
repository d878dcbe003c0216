import { FirestoreError } from '../errors.ts';
import type { Micros } from '../value/types.ts';
import type { Version } from './row.ts';

const RETENTION: Micros = 3_600e6;
const MAX_BYTES = 64 * 1024 * 1024;
const OVERHEAD = 200;

interface Entry {
  path: string;
  past: Version;
  /** When another took its place. */
  until: Micros;
  bytes: number;
}

/**
 * Remembers which superseded versions are still kept, oldest first. They stay readable for an hour, as Firestore's do,
 * or until they take too much memory.
 */
export class History {
  readonly #forget: (path: string, past: Version) => void;
  #entries: Entry[] = [];
  #first = 0;
  #bytes = 0;
  #earliest: Micros = 0;

  constructor(forget: (path: string, past: Version) => void) {
    this.#forget = forget;
  }

  /** Reads before this time can no longer be answered. */
  get earliest(): Micros {
    return this.#earliest;
  }

  has(time: Micros): boolean {
    return time >= this.#earliest;
  }

  /** @throws {FirestoreError} when what was then is no longer known. */
  check(time: Micros): void {
    if (this.has(time)) return;
    const message = 'The requested read_time is too old: its history is no longer kept.';
    throw new FirestoreError('FAILED_PRECONDITION', message);
  }

  /** After a start only the present is known. */
  startAt(time: Micros): void {
    this.#earliest = time;
  }

  superseded(path: string, past: Version, until: Micros): void {
    const bytes = OVERHEAD + (past.document?.data.length ?? 0);
    this.#entries.push({ path, past, until, bytes });
    this.#bytes += bytes;
    for (let oldest = this.#oldest(); oldest; oldest = this.#oldest()) {
      if (this.#bytes <= MAX_BYTES && oldest.until >= until - RETENTION) return;
      this.#drop(oldest);
    }
  }

  #oldest(): Entry | undefined {
    return this.#entries[this.#first];
  }

  #drop(entry: Entry): void {
    this.#first++;
    this.#bytes -= entry.bytes;
    this.#earliest = Math.max(this.#earliest, entry.until);
    this.#forget(entry.path, entry.past);
    if (this.#first > 1024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
