import { checkIndexEntries } from '../document/index-entries.ts';
import type { Indexes } from '../document/index-entries.ts';
import { applyWrite, checkWrite } from '../document/write.ts';
import type { Write } from '../document/write.ts';
import { invalid } from '../errors.ts';
import type { Change } from '../storage/collection.ts';
import type { Database } from '../storage/database.ts';
import type { Store } from '../storage/store.ts';
import type { Micros, Value } from '../value/types.ts';
import type { LockTable } from './lock-table.ts';
import type { Owner } from './lock-types.ts';

export interface WriteResult {
  /** Undefined after a delete. */
  updateTime: Micros | undefined;
  transformResults: Value[];
}

export interface CommitResult {
  time: Micros;
  results: WriteResult[];
}

interface Prepared extends CommitResult {
  changes: Change[];
}

/** Takes commits through locks and log into memory: nothing is visible before it is durable. */
export class Committer {
  readonly #database: Database;
  readonly #store: Store;
  readonly #locks: LockTable;
  readonly #indexes: Indexes;
  readonly #pending = new Map<Promise<unknown>, Micros>();
  readonly #listeners = new Set<(changes: readonly Change[], time: Micros) => void>();

  constructor(database: Database, store: Store, locks: LockTable, indexes: Indexes) {
    this.#database = database;
    this.#store = store;
    this.#locks = locks;
    this.#indexes = indexes;
  }

  /** The latest time at which everything committed by then can be read. It never goes back. */
  get readableTime(): Micros {
    const [earliest] = this.#pending.values();
    return earliest === undefined ? this.#store.clock.now() : earliest - 1;
  }

  /** Waits until everything committed by `time` can be read. */
  async settled(time: Micros): Promise<void> {
    const earlier = [...this.#pending].filter(([, committed]) => committed <= time);
    await Promise.allSettled(earlier.map(([promise]) => promise));
  }

  /** Calls back for each commit, in order, when it becomes visible. Returns the way to stop that. */
  subscribe(listener: (changes: readonly Change[], time: Micros) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes all or nothing. Whatever the outcome, the owner's locks are free, or will be in the next turn. */
  commit(owner: Owner, writes: readonly Write[]): Promise<CommitResult> {
    const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
    const fail = (error: unknown) => {
      this.#locks.release(owner);
      reject(error);
    };
    const keys = [...new Set(writes.map(({ path }) => path))];
    let prepared: Prepared;
    const prepare = () => {
      prepared = this.#prepare(writes);
      return prepared.changes;
    };
    try {
      writes.forEach(checkWrite);
    } catch (error) {
      fail(error);
      return promise;
    }
    const finish = () => {
      const { time, results, changes } = prepared;
      try {
        this.#show(changes, time);
      } catch (error) {
        return fail(error);
      }
      resolve({ time, results });
      // Who committed is told before those who waited for it: what they see happen is in order.
      if (this.#locks.hasWaiting) setImmediate(() => this.#locks.release(owner));
      else this.#locks.release(owner);
    };
    const grant = () => {
      if (prepared.changes.length > 0 && this.#store.durable) this.#log(prepared, finish, fail);
      else finish();
    };
    this.#locks.write(owner, keys, prepare, grant, fail);
    return promise;
  }

  #prepare(writes: readonly Write[]): Prepared {
    const time = this.#store.clock.next();
    const changes = new Map<string, Change>();
    const results = writes.map((write) => {
      let change = changes.get(write.path);
      if (!change) {
        const before = this.#database.get(write.path);
        changes.set(write.path, (change = { path: write.path, before, after: before }));
      } else if (!change.after && write.precondition.exists) {
        // Nothing that is stored could make it true, so Google's service does not answer that the document is missing.
        throw invalid(`Document "${write.path}" is to exist, but is deleted by the same commit before.`);
      }
      const { after, transformResults } = applyWrite(this.#database.name, change.after, write, time);
      if (after && after !== change.after) checkIndexEntries(after, this.#indexes);
      change.after = after;
      return { updateTime: after?.updateTime, transformResults };
    });
    return { time, results, changes: [...changes.values()].filter(({ before, after }) => before !== after) };
  }

  #log({ time, changes }: Prepared, onWritten: () => void, onFailed: (error: unknown) => void): void {
    const documents = changes.map(({ path, after }) => ({ path, document: after }));
    const written = this.#store.append({ database: this.#database.name, time, documents });
    this.#pending.set(written, time);
    written.then(
      () => {
        // It is shown in the same turn: a reader in between would be told of a time whose commit it does not see.
        this.#pending.delete(written);
        onWritten();
      },
      (error: unknown) => {
        this.#pending.delete(written);
        onFailed(error);
      },
    );
  }

  #show(changes: readonly Change[], time: Micros): void {
    if (changes.length === 0) return;
    this.#database.apply(changes, time);
    for (const listener of this.#listeners) listener(changes, time);
  }
}
