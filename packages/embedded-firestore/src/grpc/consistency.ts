import type { Consistency, EngineDatabase } from '../engine.ts';
import { invalid, unimplemented } from '../errors.ts';
import type { TransactionOptions } from '../transaction/transaction.ts';
import { microsFromTimestamp } from '../value/types.ts';
import type { ConsistencyMessage, TransactionOptionsMessage } from './messages.ts';

const CONCURRENCY_MODES = ['CONCURRENCY_MODE_UNSPECIFIED', 'OPTIMISTIC', 'PESSIMISTIC'] as const;

export function transactionId(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function transactionBytes(id: string): Buffer {
  return Buffer.from(id, 'hex');
}

export function decodeTransactionOptions(
  message: TransactionOptionsMessage | null | undefined,
): TransactionOptions {
  if (message?.readOnly) {
    const { readTime } = message.readOnly;
    return { readOnly: readTime ? { readTime: microsFromTimestamp(readTime) } : {} };
  }
  checkConcurrency(message?.readWrite?.concurrencyMode ?? 0);
  const retried = message?.readWrite?.retryTransaction;
  return retried && retried.length > 0 ? { retryOf: transactionId(retried) } : {};
}

/** Transactions lock what they read, unless told otherwise and when told so. */
function checkConcurrency(mode: number): void {
  const name = CONCURRENCY_MODES[mode] ?? String(mode);
  if (name === 'OPTIMISTIC' || name === String(mode)) {
    throw unimplemented(`The transaction option read_write.concurrency_mode ${name}`);
  }
}

interface Asked {
  at: Consistency;
  /** The transaction that was begun for it. */
  begun?: Buffer;
}

/** Which state a read asks for; begins the transaction that a `new_transaction` wants. */
export function consistencyOf(
  { transaction, newTransaction, readTime }: ConsistencyMessage,
  database: EngineDatabase,
): Asked | Promise<Asked> {
  const named = [transaction?.length, newTransaction, readTime].filter(Boolean);
  if (named.length > 1) throw invalid('Only one of transaction, new_transaction and read_time may be given.');
  if (transaction?.length) return { at: { transaction: transactionId(transaction) } };
  if (readTime) return { at: { time: microsFromTimestamp(readTime) } };
  if (!newTransaction) return { at: undefined };
  const isReadWrite = newTransaction.readWrite !== null && newTransaction.readWrite !== undefined;
  const options = decodeTransactionOptions(newTransaction);
  // Unlike a transaction that is begun by itself, this one is for reading unless told otherwise.
  return database
    .begin(isReadWrite ? options : { readOnly: {}, ...options })
    .then((id) => ({ at: { transaction: id }, begun: transactionBytes(id) }));
}

/** Rolls back a transaction that was begun by a read which then failed: the client never learns its id. */
export function orRollback<T>(
  database: EngineDatabase,
  begun: Buffer | undefined,
  work: Promise<T>,
): Promise<T> {
  if (!begun) return work;
  return work.catch((error: unknown) => {
    database.rollback(transactionId(begun));
    throw error;
  });
}
