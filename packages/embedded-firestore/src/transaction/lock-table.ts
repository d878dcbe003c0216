import { FirestoreError } from '../errors.ts';
import type { Change } from '../storage/collection.ts';
import { KeyLocks } from './key-locks.ts';
import type { Blockers, Look, Owner, QueryLock, Request } from './lock-types.ts';
import { findCycle } from './wait-graph.ts';

export interface LockTimes {
  /**
   * How long a read stands back for other readers that may go on to write, and how long the commit of a transaction for
   * younger ones that have read, in ms.
   */
  patience: number;
  /** How long a transaction may hold up others that are younger or none, in ms. */
  deadline: number;
}

const SWEEP_MS = 50;
const NOBODY: Blockers = { hard: new Set(), soft: new Set() };

/**
 * Shared and exclusive locks on documents, and shared locks on query results.
 *
 * Requests wait in order of age. Besides conflicts proper ("hard") there is courtesy ("soft"): nobody overtakes an older
 * waiting request, and a transaction that reads a document which another one has read waits a moment for it to finish,
 * because of two readers that both go on to write one has to be aborted and sent into the client's back-off of a second.
 * Documents that turn out to be read without being written are exempt. A courtesy that closes a circle of waiting is
 * dropped; a circle of conflicts is broken at once by aborting its youngest transaction.
 */
export class LockTable {
  readonly #keys = new KeyLocks();
  readonly #queries = new Map<Owner, QueryLock[]>();
  readonly #committing = new Map<Owner, readonly Change[]>();
  readonly #waiting = new Map<Owner, Set<Request>>();
  /** Waiting requests that turned out to have nobody to wait for. */
  readonly #unblocked = new Set<Request>();
  readonly #times: LockTimes;
  #timer: NodeJS.Timeout | undefined;

  constructor(times: LockTimes = { patience: 250, deadline: 20_000 }) {
    this.#times = times;
  }

  /** How many keys are locked or waited for. */
  get size(): number {
    return this.#keys.size;
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Takes shared locks on what `look` finds; it runs again after each wait, and the last result is returned. */
  read<T>(owner: Owner, look: () => Look<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let latest: Look<T>;
    const request = newRequest(owner, 'read', () => {
      latest = look();
      request.query = latest.query;
      request.keys = latest.query ? [...latest.keys, latest.query.id] : latest.keys;
    });
    request.grant = () => resolve(latest.value);
    request.refuse = reject;
    this.#submit(request);
    return promise;
  }

  /**
   * Takes exclusive locks for a commit. `prepare` works out the changes and may run several times; `grant` runs in the
   * same turn as the last of them. A refusal (an exception of `prepare`, or ABORTED) goes to `refuse`.
   */
  write(
    owner: Owner,
    keys: readonly string[],
    prepare: () => readonly Change[],
    grant: () => void,
    refuse: (error: unknown) => void,
  ): void {
    const request = newRequest(owner, 'write', () => {
      request.changes = prepare();
    });
    request.keys = keys;
    request.grant = grant;
    request.refuse = refuse;
    this.#submit(request);
  }

  /** Gives up everything an owner holds, and lets others go on. */
  release(owner: Owner): void {
    this.#learn(owner);
    this.#keys.release(owner);
    this.#queries.delete(owner);
    this.#committing.delete(owner);
    this.#wake(owner);
  }

  /** Ends an owner by force: its waiting requests fail with the error and its locks are free. */
  abort(owner: Owner, error: FirestoreError): void {
    for (const request of [...(this.#waiting.get(owner) ?? [])]) {
      this.#stopWaiting(request);
      request.refuse(error);
    }
    owner.aborted(error);
    this.release(owner);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #submit(request: Request): void {
    if (this.#tryGrant(request)) return;
    this.#startWaiting(request);
    this.#resolveCycles(request.owner);
  }

  /** True when the request is settled, one way or the other. */
  #tryGrant(request: Request): boolean {
    try {
      if (request.kind === 'read' || !this.#keys.isHeld(request)) request.look();
    } catch (error) {
      this.#stopWaiting(request);
      request.refuse(error);
      return true;
    }
    request.blockers = this.#blockers(request);
    if (request.blockers.hard.size > 0) return false;
    if (request.blockers.soft.size > 0 && !request.impatient) return false;
    this.#stopWaiting(request);
    this.#take(request);
    request.grant();
    return true;
  }

  #take(request: Request): void {
    const { owner } = request;
    this.#keys.take(request);
    if (request.kind === 'write') this.#committing.set(owner, request.changes);
    if (request.query) this.#queries.set(owner, [...(this.#queries.get(owner) ?? []), request.query]);
  }

  #blockers(request: Request): Blockers {
    if (this.#isAlone(request)) return NOBODY;
    const blockers: Blockers = { hard: new Set(), soft: new Set() };
    this.#keys.addBlockers(request, blockers);
    if (request.query) this.#queryBlockers(request, request.query, blockers);
    if (request.changes.length > 0) this.#changeBlockers(request, blockers);
    return blockers;
  }

  /** The usual case, told without a look at anything. */
  #isAlone(request: Request): boolean {
    if (this.#waiting.size > 0 || this.#keys.isHeld(request)) return false;
    if (request.query && this.#committing.size > 0) return false;
    return request.changes.length === 0 || this.#queries.size === 0;
  }

  #queryBlockers({ owner }: Request, query: QueryLock, { hard, soft }: Blockers): void {
    for (const [other, changes] of this.#committing) {
      if (other !== owner && changes.some((change) => query.touchedBy(change))) hard.add(other);
    }
    for (const [other, requests] of this.#waiting) {
      if (other === owner || other.age > owner.age) continue;
      for (const waiting of requests) {
        if (waiting.changes.some((change) => query.touchedBy(change))) soft.add(other);
      }
    }
  }

  #changeBlockers({ owner, changes }: Request, { hard }: Blockers): void {
    for (const [other, queries] of this.#queries) {
      if (other === owner || hard.has(other)) continue;
      if (queries.some((query) => changes.some((change) => query.touchedBy(change)))) hard.add(other);
    }
  }

  #startWaiting(request: Request): void {
    request.since = performance.now();
    let requests = this.#waiting.get(request.owner);
    if (!requests) this.#waiting.set(request.owner, (requests = new Set()));
    requests.add(request);
    this.#keys.enqueue(request);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS);
  }

  #stopWaiting(request: Request): void {
    const requests = this.#waiting.get(request.owner);
    if (!requests?.delete(request)) return;
    if (requests.size === 0) this.#waiting.delete(request.owner);
    this.#keys.dequeue(request);
    if (this.#waiting.size === 0) this.close();
  }

  /** Tries again whoever waited for this owner, the oldest first. */
  #wake(owner: Owner): void {
    if (this.#waiting.size === 0) return;
    const now = performance.now();
    const woken: Request[] = [];
    for (const request of this.#allWaiting()) {
      if (request.blockers.hard.has(owner) || request.blockers.soft.has(owner)) woken.push(request);
    }
    woken.sort((a, b) => a.owner.age - b.owner.age);
    for (const request of woken) {
      request.since = now;
      this.#retry(request);
    }
  }

  #retry(request: Request): void {
    if (!this.#waiting.get(request.owner)?.has(request)) return;
    if (!this.#tryGrant(request) && request.keys !== request.queued) {
      // A query that looked again may want other documents than before.
      this.#stopWaiting(request);
      this.#startWaiting(request);
    }
    // A grant can close a circle through another request of the same owner.
    if (this.#waiting.has(request.owner)) this.#resolveCycles(request.owner);
  }

  #resolveCycles(owner: Owner): void {
    for (;;) {
      const cycle = findCycle(owner, (other) => this.#edges(other));
      if (!cycle) break;
      const courtesies = cycle.filter((edge) => edge.soft);
      if (courtesies.length > 0) {
        const { request } = courtesies.reduce((a, b) => (b.request.owner.age < a.request.owner.age ? b : a));
        request.impatient = true;
        this.#retry(request);
      } else {
        const owners = cycle.map((edge) => edge.request.owner).filter((other) => other.transaction);
        const youngest = owners.reduce((a, b) => (b.age > a.age ? b : a));
        this.abort(youngest, contention('another transaction holds what it needs and needs what it holds'));
      }
    }
    this.#retryUnblocked();
  }

  /** Those that wait for an owner are woken when he releases; whoever waits for nobody any more would be forgotten. */
  #retryUnblocked(): void {
    const unblocked = [...this.#unblocked];
    this.#unblocked.clear();
    for (const request of unblocked) this.#retry(request);
  }

  *#edges(owner: Owner): Generator<{ request: Request; to: Owner; soft: boolean }> {
    for (const request of this.#waiting.get(owner) ?? []) {
      request.blockers = this.#blockers(request);
      if (request.blockers.hard.size + request.blockers.soft.size === 0) this.#unblocked.add(request);
      for (const to of request.blockers.hard) yield { request, to, soft: false };
      if (request.impatient) continue;
      for (const to of request.blockers.soft) yield { request, to, soft: true };
    }
  }

  *#allWaiting(): Generator<Request> {
    for (const requests of this.#waiting.values()) yield* requests;
  }

  #sweep(): void {
    const now = performance.now();
    const waiting = [...this.#allWaiting()].sort((a, b) => a.owner.age - b.owner.age);
    // One at a time: were all let in at once, all but one of them would be aborted.
    const impatient = waiting.find((request) => this.#isStandingBack(request, now));
    if (impatient) {
      impatient.impatient = true;
      this.#retry(impatient);
    }
    for (const { owner, since, blockers } of waiting) {
      for (const holder of blockers.hard) {
        if (!holder.transaction || this.#committing.has(holder)) continue;
        if (now - since > this.#timeLeftTo(holder, owner))
          this.abort(holder, contention('it held up other writers for too long'));
      }
    }
  }

  /** The older transaction goes first, as in Google's service: a younger one only gets the time to finish. */
  #timeLeftTo(holder: Owner, waiting: Owner): number {
    const isYounger = waiting.transaction && holder.age > waiting.age;
    return isYounger ? this.#times.patience : this.#times.deadline;
  }

  /** Waits out of courtesy only, and for long enough. */
  #isStandingBack({ impatient, blockers, since }: Request, now: number): boolean {
    return !impatient && blockers.hard.size === 0 && now - since > this.#times.patience;
  }

  #learn(owner: Owner): void {
    const changes = this.#committing.get(owner);
    if (!changes) return;
    this.#keys.learn(owner);
    for (const query of this.#queries.get(owner) ?? []) {
      if (changes.some((change) => query.touchedBy(change))) this.#keys.isWritten(query.id);
    }
  }
}

function newRequest(owner: Owner, kind: 'read' | 'write', look: () => void): Request {
  const later = () => undefined;
  return {
    owner,
    kind,
    look,
    keys: [],
    queued: [],
    changes: [],
    query: undefined,
    impatient: false,
    since: 0,
    blockers: NOBODY,
    grant: later,
    refuse: later,
  };
}

function contention(why: string): FirestoreError {
  return new FirestoreError('ABORTED', `The transaction was aborted because ${why}. Please try it again.`);
}
