import { randomUUID } from 'node:crypto';
import { FirestoreError, invalid } from '../errors.ts';
import type { Micros } from '../value/types.ts';
import type { LockTable } from './lock-table.ts';
import type { Owner } from './lock-types.ts';

/** Google's limits, in ms. */
const MAX_IDLE = 60_000;
const MAX_TOTAL = 270_000;
const SWEEP_MS = 1_000;
const REMEMBERED = 10_000;

export interface TransactionOptions {
  /** Absent for a read-write transaction. Without a time the present is read. */
  readOnly?: { readTime?: Micros };
  /** The earlier attempt that this one repeats. */
  retryOf?: string;
}

export class Transaction implements Owner {
  readonly transaction = true;
  /** Hexadecimal. Node makes random ids for many calls at once, random bytes for each. */
  readonly id = randomUUID().replaceAll('-', '');
  readonly age: number;
  /** Set for read-only transactions: everything is read as of this time. */
  readonly readTime: Micros | undefined;
  started = performance.now();
  lastUsed = this.started;
  requests = 0;
  committing = false;
  /** How many of its requests wait for what it is not to blame for: its time stands still. */
  suspended = 0;
  failure: FirestoreError | undefined;

  constructor(age: number, readTime: Micros | undefined) {
    this.age = age;
    this.readTime = readTime;
  }

  aborted(error: FirestoreError): void {
    this.failure ??= error;
  }
}

/** The transactions of one database: their ids, their limits and their end. */
export class Transactions {
  readonly #locks: LockTable;
  readonly #active = new Map<string, Transaction>();
  /** Ended ones, for the place in line of their retries and the reason of their end. */
  readonly #ended = new Map<string, { age: number; failure: FirestoreError | undefined }>();
  #nextAge = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(locks: LockTable) {
    this.#locks = locks;
  }

  begin({ readOnly, retryOf }: TransactionOptions, readTime?: Micros): Transaction {
    const retried =
      retryOf === undefined ? undefined : (this.#ended.get(retryOf) ?? this.#active.get(retryOf));
    const transaction = new Transaction(retried?.age ?? this.nextAge(), readOnly ? readTime : undefined);
    this.#active.set(transaction.id, transaction);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return transaction;
  }

  nextAge(): number {
    return this.#nextAge++;
  }

  /** The transaction of an id, if it may still be used. */
  require(id: string): Transaction {
    const transaction = this.#active.get(id);
    if (transaction && !transaction.committing && !transaction.failure) return transaction;
    const ended = this.#ended.get(id);
    throw transaction?.failure ?? ended?.failure ?? (ended ? finished() : expired());
  }

  /** Runs one request of a transaction; it is not idle meanwhile. */
  async use<T>(transaction: Transaction, work: () => Promise<T>): Promise<T> {
    transaction.requests++;
    try {
      const result = await work();
      if (transaction.failure) throw transaction.failure;
      return result;
    } finally {
      transaction.requests--;
      transaction.lastUsed = performance.now();
      if (transaction.failure) this.end(transaction);
    }
  }

  /** Runs what a transaction is not to blame for: it takes none of its time. */
  async suspend(transaction: Transaction, work: () => Promise<void>): Promise<void> {
    const began = performance.now();
    transaction.suspended++;
    try {
      await work();
    } finally {
      transaction.suspended--;
      transaction.started += performance.now() - began;
    }
  }

  /** Ends a transaction whose locks are free or about to be freed by the caller. */
  end(transaction: Transaction): void {
    if (!this.#active.delete(transaction.id)) return;
    this.#ended.set(transaction.id, { age: transaction.age, failure: transaction.failure });
    if (this.#ended.size > REMEMBERED) this.#ended.delete(this.#ended.keys().next().value!);
  }

  /** Rolling back what has already failed is fine; what is unknown or committed is refused. */
  rollback(id: string): void {
    const transaction = this.#active.get(id);
    if (transaction && !transaction.committing) {
      this.#expire(transaction, finished());
    } else if (!this.#ended.get(id)?.failure) {
      throw expired();
    }
  }

  endAll(): void {
    for (const transaction of [...this.#active.values()]) {
      if (!transaction.committing) this.#expire(transaction);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    // Not when the last one ends: where one comes after the other, each would have a timer of its own.
    if (this.#active.size === 0) return this.close();
    const now = performance.now();
    for (const transaction of [...this.#active.values()]) {
      if (transaction.committing || transaction.suspended > 0) continue;
      const idle = transaction.requests === 0 && now - transaction.lastUsed > MAX_IDLE;
      if (idle || now - transaction.started > MAX_TOTAL) this.#expire(transaction);
    }
  }

  #expire(transaction: Transaction, reason = expired()): void {
    this.#locks.abort(transaction, reason);
    this.end(transaction);
  }
}

const GONE = 'The referenced transaction has expired or is no longer valid.';

/** Google's clients begin anew when they are told this. */
function expired(): FirestoreError {
  return invalid(GONE);
}

/** Committed or rolled back: Google's status for these differs from that of what has expired. */
function finished(): FirestoreError {
  return new FirestoreError('ABORTED', GONE);
}
