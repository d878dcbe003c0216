import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { TypedError } from '../errors/typed-error.js';
import { ShortCircuit } from '../http/short-circuit.js';
import { Contention } from './firestore.errors.js';
import { FirestoreConnection } from './firestore-connection.js';
import { type TransactionHook, UnitOfWork } from './unit-of-work.js';

export interface TransactionOptions {
  /** Default true: a snapshot that neither waits nor makes others wait. False to write. */
  readOnly?: boolean;
  /** How often the work runs at most when others change the same documents. Default 5. */
  maxAttempts?: number;
  /** Milliseconds to wait at most before the second attempt, and before any; it doubles from one to the other. Default 40 and 1000. */
  backoff?: { first: number; longest: number };
  /** No transaction at all: each read sees the latest data by itself, and nothing can be written. Default false. */
  inconsistentReads?: boolean;
}

interface Committed<Result> {
  unit: UnitOfWork;
  result: Result;
}

const DEFAULT_BACKOFF = { first: 40, longest: 1000 };

/** Runs work in Firestore transactions and knows, anywhere below, which one is running. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger(Transactions.name);
  private readonly running = new AsyncLocalStorage<UnitOfWork>();

  constructor(private readonly connection: FirestoreConnection) {}

  /** The unit of work of the transaction that the caller runs in, if any. */
  get current(): UnitOfWork | undefined {
    const unit = this.running.getStore();
    return unit?.hasEnded ? undefined : unit;
  }

  /**
   * The same, where there must be one.
   * @param what what needs it, for the message
   * @throws {Error} outside of a transaction, and in what still runs after its end
   */
  require(what: string): UnitOfWork {
    if (this.current) return this.current;
    if (this.running.getStore()) {
      throw new Error(
        `${what} after its transaction has ended, which would be lost. Await all that the transaction's work starts, ` +
          'or run it as transactions.run({ readOnly: false }, ...) of its own.',
      );
    }
    throw new Error(
      `${what} outside a transaction. Declare @Transactional({ readOnly: false }) on the handler or the method, or use ` +
        'transactions.run({ readOnly: false }, ...).',
    );
  }

  /**
   * Runs `work` in a transaction and commits what it changed; inside a running one it joins that. When others hold the
   * documents, `work` runs again from its beginning, with a new unit of work, after a back-off.
   * @throws {Contention} when all attempts met contention
   * @throws whatever `work` throws; then nothing is written, unless it is a {@link ShortCircuit}, which is a success
   */
  async run<Result>(
    options: TransactionOptions,
    work: (unit: UnitOfWork | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { readOnly = true, inconsistentReads = false } = options;
    const joined = this.current;
    if (joined?.readOnly && !readOnly) {
      throw new Error(
        'A writing transaction cannot start inside a read-only one; make the outer one { readOnly: false }.',
      );
    }
    if (joined || inconsistentReads) return work(joined);
    const { unit, result } = await this.attemptRepeatedly(options, work);
    return this.runAfterCommit(unit, result);
  }

  /**
   * Has `hook` run inside the running transaction, after its work and before its writes: it may still read, change and
   * throw. It sees the result of the work; what it returns, if not undefined, takes its place.
   */
  beforeCommit(hook: TransactionHook): void {
    this.require('transactions.beforeCommit()').onBeforeCommit(hook);
  }

  /**
   * Has `hook` run once the running transaction has committed, and only then. It sees the result of the work; what it
   * returns, if not undefined, takes its place. What it throws is logged, for the work is done; to answer with an error
   * all the same, it returns a {@link TypedError}.
   */
  afterCommit(hook: TransactionHook): void {
    this.require('transactions.afterCommit()').onAfterCommit(hook);
  }

  private async attemptRepeatedly<Result>(
    { readOnly = true, maxAttempts = 5, backoff = DEFAULT_BACKOFF }: TransactionOptions,
    work: (unit: UnitOfWork) => Promise<Result>,
  ): Promise<Committed<Result>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(readOnly, work);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (attempt >= maxAttempts) throw new Contention({ cause: error, headers: { 'Retry-After': '1' } });
        this.logger.debug(`Attempt ${attempt} of a transaction met contention: ${(error as Error).message}`);
        await delay(backoffAfter(attempt, backoff));
      }
    }
  }

  private async attempt<Result>(
    readOnly: boolean,
    work: (unit: UnitOfWork) => Promise<Result>,
  ): Promise<Committed<Result>> {
    // The client's own retry would wait for a second before it runs again; one attempt each leaves that to us.
    const options = readOnly ? ({ readOnly: true } as const) : { maxAttempts: 1 };
    let unit: UnitOfWork | undefined;
    try {
      return await this.connection.firestore.runTransaction((transaction) => {
        const attempt = (unit = new UnitOfWork(transaction, readOnly));
        return this.running.run(attempt, async () => {
          const result = await resultOf(work, attempt);
          return { result: (await attempt.complete(result)) as Result, unit: attempt };
        });
      }, options);
    } catch (error) {
      unit?.end();
      throw unit?.explain(error) ?? error;
    }
  }

  private async runAfterCommit<Result>(unit: UnitOfWork, result: Result): Promise<Result> {
    let answer: unknown = result;
    for (const hook of unit.afterCommitHooks) {
      try {
        answer = (await hook(answer)) ?? answer;
      } catch (error) {
        this.logger.error('A hook after the commit failed; what was committed stays so.', error);
      }
    }
    if (answer instanceof TypedError || answer instanceof ShortCircuit) throw answer;
    return answer as Result;
  }
}

async function resultOf<Argument>(
  work: (argument: Argument) => unknown,
  argument: Argument,
): Promise<unknown> {
  try {
    return await work(argument);
  } catch (thrown) {
    if (thrown instanceof ShortCircuit) return thrown;
    throw thrown;
  }
}

const ABORTED = 10;

/** Only what is sure to have written nothing: Firestore's ABORTED, or an error that says of itself that it may. */
function isRetryable(error: unknown): boolean {
  if (error instanceof TypedError) return error.retryable;
  return error instanceof Error && (error as { code?: unknown }).code === ABORTED;
}

/** Exponential, with full jitter, so that those who collided do not meet again. */
function backoffAfter(attempt: number, { first, longest }: { first: number; longest: number }): number {
  return Math.random() * Math.min(longest, first * 2 ** (attempt - 1));
}
