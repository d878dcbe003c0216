import type { Document } from './document/document.ts';
import type { IndexFile } from './document/index-declaration.ts';
import type { Write } from './document/write.ts';
import { FirestoreError, invalid } from './errors.ts';
import { aggregate, aggregatedPaths } from './query/aggregate.ts';
import type { Aggregated, Aggregation } from './query/aggregate.ts';
import { executeQuery, isLong, unbuiltIndexes } from './query/execute.ts';
import type { QueryResult } from './query/execute.ts';
import { IndexPolicy } from './query/index-policy.ts';
import { queryLock } from './query/matcher.ts';
import type { Query } from './query/query.ts';
import { atOnce, inSlices } from './slices.ts';
import type { Work } from './slices.ts';
import type { Database } from './storage/database.ts';
import type { Disk } from './storage/disk.ts';
import { Store } from './storage/store.ts';
import { Committer } from './transaction/committer.ts';
import type { CommitResult } from './transaction/committer.ts';
import { LockTable } from './transaction/lock-table.ts';
import type { Look } from './transaction/lock-types.ts';
import { Transactions } from './transaction/transaction.ts';
import type { Transaction, TransactionOptions } from './transaction/transaction.ts';
import type { Micros } from './value/types.ts';

const CLEARED_AT_ONCE = 5_000;

/** As of when a read sees the data: now, at a time, or within a transaction. */
export type Consistency = { time: Micros } | { transaction: string } | undefined;

export interface Read<T> {
  value: T;
  readTime: Micros;
}

export interface EngineOptions {
  /** Where the data is kept; absent for memory only. */
  directory?: string | undefined;
  /** `strict` refuses queries whose composite index is not declared, as production does. Default `off`. */
  indexes?: 'strict' | 'off' | undefined;
  /** The declarations, in the form of firestore.indexes.json; read again when it changes. */
  indexFile?: string | undefined;
  /** What writes the data. Default: the file system. */
  disk?: Disk | undefined;
}

/** All databases of one server. */
export class Engine {
  readonly #store: Store;
  readonly #indexes: IndexPolicy;
  readonly #databases = new Map<string, EngineDatabase>();

  constructor({ directory, indexes, indexFile, disk }: EngineOptions = {}) {
    this.#indexes = new IndexPolicy(indexes === 'strict', indexFile);
    this.#store = Store.open(directory, disk);
  }

  database(name: string): EngineDatabase {
    let database = this.#databases.get(name);
    if (!database) {
      database = new EngineDatabase(this.#store.database(name), this.#store, this.#indexes);
      this.#databases.set(name, database);
    }
    return database;
  }

  /** What the queries so far would need declared in production. */
  get requiredIndexes(): IndexFile {
    return this.#indexes.seen;
  }

  async close(): Promise<void> {
    for (const database of this.#databases.values()) database.close();
    await this.#store.close();
  }
}

/** Everything a client can do with one database, free of any transport. */
export class EngineDatabase {
  readonly data: Database;
  readonly #store: Store;
  readonly #indexes: IndexPolicy;
  readonly #locks = new LockTable();
  readonly #transactions = new Transactions(this.#locks);
  readonly #committer: Committer;

  constructor(data: Database, store: Store, indexes: IndexPolicy) {
    this.data = data;
    this.#indexes = indexes;
    this.#store = store;
    this.#committer = new Committer(data, store, this.#locks, indexes);
  }

  async begin(options: TransactionOptions): Promise<string> {
    const { readOnly } = options;
    const readTime = readOnly && (await this.#snapshotTime(readOnly.readTime));
    return this.#transactions.begin(options, readTime).id;
  }

  /** How many documents and query results are locked or waited for. */
  get locked(): number {
    return this.#locks.size;
  }

  rollback(transaction: string): void {
    this.#transactions.rollback(transaction);
  }

  getDocuments(paths: readonly string[], at: Consistency): Promise<Read<(Document | undefined)[]>> {
    const look = (time?: Micros) => paths.map((path) => this.data.get(path, time));
    return this.#read(at, look, (transaction) =>
      this.#locks.read(transaction, () => ({ keys: paths, value: look() })),
    );
  }

  /** The time of which the present state is. */
  get readableTime(): Micros {
    return this.#committer.readableTime;
  }

  /** @throws {FirestoreError} when production would refuse the query for want of an index. */
  checkIndexes(query: Query): void {
    this.#indexes.check(query);
  }

  async query(query: Query, at: Consistency): Promise<Read<QueryResult>> {
    this.#indexes.check(query);
    const work = (time?: Micros) => executeQuery(this.data, query, time);
    return this.#find(query, at, work, (found) => ({
      keys: found?.documents.map(({ path }) => path) ?? [],
      query: queryLock(query, found?.documents),
    }));
  }

  async aggregate(
    query: Query,
    aggregations: readonly Aggregation[],
    at: Consistency,
  ): Promise<Read<Aggregated>> {
    this.#indexes.check(query, aggregatedPaths(aggregations));
    const work = (time?: Micros) => aggregate(this.data, query, aggregations, time);
    // A page limit could end the lock early; an aggregation has no last result, so everything that matches is locked.
    const { limit: _, ...unlimited } = query;
    return this.#find(query, at, work, () => ({ keys: [], query: queryLock(unlimited) }));
  }

  /** Reads that lock nothing: lists of documents and collections. */
  list<T>(at: Consistency, look: (time?: Micros) => T): Promise<Read<T>> {
    return this.#read(at, look, () => Promise.resolve(look()));
  }

  async commit(writes: readonly Write[], transactionId?: string): Promise<CommitResult> {
    if (transactionId === undefined) return this.#committer.commit(this.#newOwner(), writes);
    const transaction = this.#transactions.require(transactionId);
    transaction.committing = true;
    try {
      if (transaction.readTime !== undefined && writes.length > 0)
        throw invalid('A read-only transaction cannot write. Begin a read-write transaction instead.');
      return await this.#committer.commit(transaction, writes);
    } catch (error) {
      transaction.aborted(
        error instanceof FirestoreError ? error : new FirestoreError('INTERNAL', String(error)),
      );
      throw error;
    } finally {
      this.#transactions.end(transaction);
    }
  }

  /** Deletes every document, in commits like any other. Transactions under way are ended. */
  async clear(): Promise<void> {
    this.#transactions.endAll();
    const paths = [...this.data.everything()].map(({ path }) => path);
    for (let from = 0; from < paths.length; from += CLEARED_AT_ONCE) {
      const part = paths.slice(from, from + CLEARED_AT_ONCE);
      await this.commit(
        part.map((path) => ({ kind: 'delete', path, fields: new Map(), transforms: [], precondition: {} })),
      );
    }
  }

  subscribe(...listener: Parameters<Committer['subscribe']>): () => void {
    return this.#committer.subscribe(...listener);
  }

  close(): void {
    this.#locks.close();
    this.#transactions.close();
  }

  #newOwner() {
    return { age: this.#transactions.nextAge(), transaction: false, aborted: () => undefined };
  }

  async #read<T>(
    at: Consistency,
    look: (time?: Micros) => T,
    locked: (transaction: Transaction) => Promise<T>,
  ): Promise<Read<T>> {
    if (!at) return { value: look(), readTime: this.#committer.readableTime };
    if ('time' in at) {
      const time = await this.#snapshotTime(at.time);
      return { value: look(time), readTime: time };
    }
    const transaction = this.#transactions.require(at.transaction);
    const { readTime } = transaction;
    return this.#transactions.use(transaction, async () => {
      if (readTime !== undefined) return { value: look(this.#checkRetained(readTime)), readTime };
      const value = await locked(transaction);
      return { value, readTime: this.#committer.readableTime };
    });
  }

  /** Reads what a query finds; `locks` tells what keeps it true, also before it is found. */
  async #find<T>(
    query: Query,
    at: Consistency,
    work: (time?: Micros) => Work<T>,
    locks: (value?: T) => Omit<Look<T>, 'value'>,
  ): Promise<Read<T>> {
    if (!at || 'time' in at) {
      await this.#buildIndexes(query);
      return this.#findAt(query, at && (await this.#snapshotTime(at.time)), work);
    }
    const transaction = this.#transactions.require(at.transaction);
    const { readTime } = transaction;
    return this.#transactions.use(transaction, async () => {
      await this.#transactions.suspend(transaction, () => this.#buildIndexes(query));
      if (readTime !== undefined) return this.#findAt(query, this.#checkRetained(readTime), work);
      // It may have been ended meanwhile, and must not take locks then.
      this.#transactions.require(at.transaction);
      if (isLong(this.data, query)) {
        // Once nobody can change what there is to be found, it can be found in slices; each document needs no lock then.
        await this.#locks.read(transaction, () => ({ ...locks(), value: undefined }));
        return this.#findAt(query, undefined, work);
      }
      const value = await this.#locks.read(transaction, () => {
        const found = atOnce(work());
        return { ...locks(found), value: found };
      });
      return { value, readTime: this.#committer.readableTime };
    });
  }

  /** Finds as of a time or now; what takes long in slices, for which it stays the time at which it began. */
  async #findAt<T>(
    query: Query,
    time: Micros | undefined,
    work: (time?: Micros) => Work<T>,
  ): Promise<Read<T>> {
    const readTime = time ?? this.#committer.readableTime;
    if (!isLong(this.data, query)) return { value: atOnce(work(time)), readTime };
    try {
      return { value: await inSlices(work(readTime), () => this.#checkRetained(readTime)), readTime };
    } catch (error) {
      if (time !== undefined) throw error;
      // So much is being written that history does not last as long as the query.
      return { value: atOnce(work()), readTime: this.#committer.readableTime };
    }
  }

  /** Builds the indexes that the query wants and nobody wanted before, while other requests are answered. */
  async #buildIndexes(query: Query): Promise<void> {
    for (const index of unbuiltIndexes(this.data, query)) await inSlices(index.build());
  }

  async #snapshotTime(time: Micros | undefined): Promise<Micros> {
    if (time === undefined) return this.#committer.readableTime;
    if (time > this.#store.clock.now()) throw invalid('read_time must not be in the future.');
    await this.#committer.settled(time);
    return this.#checkRetained(time);
  }

  #checkRetained(time: Micros): Micros {
    this.data.history.check(time);
    return time;
  }
}
