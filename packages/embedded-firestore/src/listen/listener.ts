import type { Document } from '../document/document.ts';
import { FirestoreError, invalid } from '../errors.ts';
import { nextTurn } from '../slices.ts';
import type { Change } from '../storage/collection.ts';
import type { Database } from '../storage/database.ts';
import type { Micros } from '../value/types.ts';
import { Target } from './target.ts';
import type { TargetChange, TargetSpec } from './target.ts';

/** What a listener is told, in the terms of the Listen RPC. */
export type ListenEvent =
  | { kind: 'added' | 'reset'; target: number }
  | { kind: 'removed'; target: number; cause?: FirestoreError }
  | { kind: 'current'; target: number; time: Micros }
  | { kind: 'document'; document: Document; targets: number[]; left: number[] }
  | { kind: 'gone'; path: string; deleted: boolean; targets: number[]; time: Micros }
  | { kind: 'count'; target: number; count: number }
  /** All targets are as of this time. */
  | { kind: 'snapshot'; time: Micros };

export interface AddTarget {
  id: number;
  spec: TargetSpec;
  /** The state that the listener already has. */
  since?: Micros;
  /** Ends by itself when everything has been sent once. */
  once: boolean;
}

export interface ListenSource {
  data: Database;
  /** The time of which the present state is. */
  readonly readableTime: Micros;
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
}

const TOLD_AT_ONCE = 256;

/**
 * The targets of one client stream. Commits only note which documents changed; what that means is worked out afterwards,
 * once for all commits of a turn, and not before the client has taken what was sent: a slow one costs the others nothing.
 */
export class Listener {
  readonly #source: ListenSource;
  /** Returns whether the client can take more; if not, `resume` says when. */
  readonly #send: (event: ListenEvent) => boolean;
  readonly #targets = new Map<number, Target>();
  readonly #unsubscribe: () => void;
  readonly #changed = new Set<string>();
  #isBlocked = false;
  /** Settled when the client has taken what was sent. */
  #taken: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;
  /** A target whose first result takes long is being added; others that are to be added wait. */
  #isStarting = false;
  /** Its result is being sent: what changes comes afterwards. */
  #isTelling = false;
  readonly #queue: AddTarget[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  constructor(source: ListenSource, send: (event: ListenEvent) => boolean) {
    this.#source = source;
    this.#send = send;
    this.#unsubscribe = source.subscribe((changes) => {
      if (this.#targets.size === 0) return;
      for (const { path } of changes) this.#changed.add(path);
      this.#schedule();
    });
  }

  add(request: AddTarget): void {
    const { id } = request;
    if (id <= 0) throw invalid('target_id must be greater than zero.');
    const isKnown = this.#targets.has(id) || this.#queue.some((queued) => queued.id === id);
    if (isKnown) throw invalid(`Target ${id} is already being listened to.`);
    if (this.#isStarting) this.#queue.push(request);
    else this.#start(request);
  }

  #start({ id, spec, since, once }: AddTarget): void {
    this.#flush();
    const target = new Target(id, this.#source.data, spec);
    const known = since !== undefined && this.#source.data.history.has(since) ? since : undefined;
    this.#emit({ kind: 'added', target: id });
    if (since !== undefined && known === undefined) this.#emit({ kind: 'reset', target: id });
    if (target.isShort) {
      const time = this.#source.readableTime;
      this.#tell([[id, target.start(known)]], time);
      this.#targets.set(id, target);
      this.#started(target, known, once, time);
    } else {
      this.#targets.set(id, target);
      void this.#startInSlices(target, known, once);
    }
  }

  /** Of a long result a part at a time is sent, when the client has taken the one before. */
  async #startInSlices(target: Target, known: Micros | undefined, once: boolean): Promise<void> {
    this.#isStarting = true;
    const isWanted = () => this.#targets.get(target.id) === target;
    try {
      // If history does not last as long, all is found at once.
      await target.prepare(known, () => this.#source.readableTime).catch(() => target.giveUp());
      if (!isWanted()) return;
      this.#flush();
      this.#isTelling = true;
      const time = this.#source.readableTime;
      const changes = target.start(known);
      for (let from = 0; from < changes.length; from += TOLD_AT_ONCE) {
        await nextTurn();
        await this.#taken;
        if (!isWanted()) return;
        this.#tell([[target.id, changes.slice(from, from + TOLD_AT_ONCE)]], time);
      }
      this.#started(target, known, once, time);
    } catch (error) {
      if (isWanted()) this.#fail(target.id, error);
    } finally {
      this.#isStarting = this.#isTelling = false;
      if (this.#changed.size > 0) this.#schedule();
      this.#startQueued();
    }
  }

  #startQueued(): void {
    while (!this.#isStarting && this.#queue.length > 0) {
      const request = this.#queue.shift()!;
      try {
        this.#start(request);
      } catch (error) {
        this.#fail(request.id, error);
      }
    }
  }

  #fail(id: number, error: unknown): void {
    this.#targets.delete(id);
    this.refuse(id, error instanceof FirestoreError ? error : new FirestoreError('INTERNAL', String(error)));
  }

  #started({ id, count }: Target, known: Micros | undefined, once: boolean, time: Micros): void {
    if (known !== undefined) this.#emit({ kind: 'count', target: id, count });
    this.#emit({ kind: 'current', target: id, time });
    if (once) this.remove(id);
    this.#emit({ kind: 'snapshot', time });
  }

  /** Tells the client that a target could not be added. */
  refuse(id: number, cause: FirestoreError): void {
    this.#emit({ kind: 'removed', target: id, cause });
  }

  remove(id: number): void {
    const queued = this.#queue.findIndex((request) => request.id === id);
    if (queued !== -1) this.#queue.splice(queued, 1);
    else if (!this.#targets.delete(id)) return;
    this.#emit({ kind: 'removed', target: id });
  }

  /** The client has taken what was sent. */
  resume(): void {
    this.#isBlocked = false;
    this.#release();
    if (this.#changed.size > 0) this.#schedule();
  }

  close(): void {
    this.#unsubscribe();
    this.#targets.clear();
    this.#queue.length = 0;
    this.#release();
    clearImmediate(this.#scheduled);
  }

  #schedule(): void {
    if (!this.#isBlocked && !this.#isTelling) this.#scheduled ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#changed.size === 0 || this.#isTelling) return;
    const paths = [...this.#changed];
    this.#changed.clear();
    const changes = [...this.#targets.values()].map((target): [number, TargetChange[]] => [
      target.id,
      target.update(paths),
    ]);
    const time = this.#source.readableTime;
    if (!changes.some(([, some]) => some.length > 0)) return;
    this.#tell(changes, time);
    this.#emit({ kind: 'snapshot', time });
  }

  /** Sends each document once, whatever the number of targets it concerns. */
  #tell(changes: readonly (readonly [number, readonly TargetChange[]])[], time: Micros): void {
    const documents = new Map<string, { document: Document; targets: number[]; left: number[] }>();
    const gone = new Map<string, { deleted: boolean; targets: number[] }>();
    for (const [id, some] of changes) {
      for (const change of some) {
        if ('document' in change) {
          const known = documents.get(change.path) ?? { document: change.document, targets: [], left: [] };
          known.targets.push(id);
          documents.set(change.path, known);
        } else {
          const known = gone.get(change.path) ?? { deleted: change.gone === 'deleted', targets: [] };
          known.targets.push(id);
          gone.set(change.path, known);
        }
      }
    }
    for (const [path, { deleted, targets }] of gone) {
      const staying = documents.get(path);
      if (staying) staying.left.push(...targets);
      else this.#emit({ kind: 'gone', path, deleted, targets, time });
    }
    for (const event of documents.values()) this.#emit({ kind: 'document', ...event });
  }

  #emit(event: ListenEvent): void {
    if (this.#send(event) || this.#isBlocked) return;
    this.#isBlocked = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken = promise;
    this.#release = resolve;
  }
}
