import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Firestore } from 'firebase-admin/firestore';
import { ServiceUnavailable } from '../errors/errors.js';
import { TypedError } from '../errors/typed-error.js';
import { UnitOfWork } from './unit-of-work.js';

export interface TransactionOptions {
  /** Default true: a snapshot that neither waits nor makes others wait. False to write. */
  readOnly?: boolean;
  /** How often the work runs at most when others change the same documents. Default 5. */
  maxAttempts?: number;
}

/** 503: others changed the same documents at each attempt. Nothing was written. */
export class Contention extends ServiceUnavailable {
  static override readonly code = 'CONTENTION';
  static override readonly message =
    'Others are changing the same data; nothing was written. Try again in a moment.';
}

const FIRST_BACKOFF_MILLISECONDS = 20;
const LONGEST_BACKOFF_MILLISECONDS = 1000;

/** Runs work in Firestore transactions and knows, anywhere below, which one is running. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger(Transactions.name);
  private readonly running = new AsyncLocalStorage<UnitOfWork>();

  constructor(private readonly firestore: Firestore) {}

  /** The unit of work of the transaction that the caller runs in, if any. */
  get current(): UnitOfWork | undefined {
    return this.running.getStore();
  }

  /**
   * Runs `work` in a transaction and commits what it wrote; inside a running one it joins that. When others hold the
   * documents, `work` runs again from its beginning, with a new unit of work, after a back-off.
   * @throws {Contention} when all attempts met contention
   * @throws whatever `work` throws; then nothing is written
   */
  async run<Result>(
    options: TransactionOptions,
    work: (unit: UnitOfWork) => Promise<Result>,
  ): Promise<Result> {
    const { readOnly = true, maxAttempts = 5 } = options;
    const joined = this.current;
    if (joined && joined.readOnly && !readOnly) {
      throw new Error(
        'A writing transaction cannot start inside a read-only one; make the outer one { readOnly: false }.',
      );
    }
    if (joined) return work(joined);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(readOnly, work);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (attempt >= maxAttempts) throw new Contention({ cause: error, headers: { 'Retry-After': '1' } });
        this.logger.debug(`Attempt ${attempt} of a transaction met contention: ${(error as Error).message}`);
        await delay(backoff(attempt));
      }
    }
  }

  private attempt<Result>(readOnly: boolean, work: (unit: UnitOfWork) => Promise<Result>): Promise<Result> {
    // The client's own retry would wait for a second before it runs again; one attempt each leaves that to run().
    const options = readOnly ? ({ readOnly: true } as const) : { maxAttempts: 1 };
    return this.firestore.runTransaction(async (transaction) => {
      const unit = new UnitOfWork(transaction, readOnly);
      const result = await this.running.run(unit, () => work(unit));
      unit.flush();
      return result;
    }, options);
  }
}

const ABORTED = 10;

/** Only what is sure to have written nothing: Firestore's ABORTED, or an error that says of itself that it may. */
function isRetryable(error: unknown): boolean {
  if (error instanceof TypedError) return error.retryable;
  return error instanceof Error && (error as { code?: unknown }).code === ABORTED;
}

/** Exponential, with full jitter, so that those who collided do not meet again. */
function backoff(attempt: number): number {
  return Math.random() * Math.min(LONGEST_BACKOFF_MILLISECONDS, FIRST_BACKOFF_MILLISECONDS * 2 ** attempt);
}
