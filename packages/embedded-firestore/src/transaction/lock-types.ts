import type { FirestoreError } from '../errors.ts';
import type { Change } from '../storage/collection.ts';

/** Who holds or wants locks: a transaction, or a single commit without one. */
export interface Owner {
  /** Order of arrival; a retried transaction keeps that of its first attempt. The older goes first. */
  readonly age: number;
  /** Commits without a transaction are never chosen to give way. */
  readonly transaction: boolean;
  /** Told when it loses its locks, with the reason. */
  aborted(error: FirestoreError): void;
}

/** A query result that a transaction has read: who changes it has to wait. */
export interface QueryLock {
  /** Equal for equal queries. */
  readonly id: string;
  touchedBy(change: Change): boolean;
}

/** What one look at the data found, and what has to be locked for it to stay true. */
export interface Look<T> {
  keys: readonly string[];
  query?: QueryLock;
  value: T;
}

/** The locks on one key. */
export interface Entry {
  exclusive: Owner | undefined;
  readonly shared: Set<Owner>;
  /** Requests that wait for this key, the oldest first. */
  readonly waiting: Request[];
}

export interface Request {
  readonly owner: Owner;
  readonly kind: 'read' | 'write';
  keys: readonly string[];
  /** The keys under which it waits: a new look may want others. */
  queued: readonly string[];
  /** What a write would change, as of the last look. */
  changes: readonly Change[];
  /** The query a read would lock, as of the last look. */
  query: QueryLock | undefined;
  /** Set when courtesy towards others would do more harm than good. */
  impatient: boolean;
  /** Since when nothing has moved for this request, in ms. */
  since: number;
  /** Owners it waits for, as of the last look. */
  blockers: Blockers;
  /** Brings keys, changes and query up to date. May throw: the request then fails. */
  look(): void;
  grant(): void;
  refuse(error: unknown): void;
}

export interface Blockers {
  /** Conflicts. */
  hard: Set<Owner>;
  /** Courtesy. */
  soft: Set<Owner>;
}
