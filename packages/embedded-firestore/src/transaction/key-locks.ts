import type { Blockers, Entry, Owner, Request } from './lock-types.ts';

const LEARNED_MAX = 10_000;

/** Who holds which key, who waits for it, and which keys are read by many and written by few. */
export class KeyLocks {
  readonly #entries = new Map<string, Entry>();
  readonly #keysOf = new Map<Owner, Set<string>>();
  readonly #readMostly = new Set<string>();

  /** How many keys are locked or waited for. */
  get size(): number {
    return this.#entries.size;
  }

  take({ owner, kind, keys }: Request): void {
    let held = this.#keysOf.get(owner);
    if (!held) this.#keysOf.set(owner, (held = new Set()));
    for (const key of keys) {
      held.add(key);
      const entry = this.#entry(key);
      if (kind === 'read') entry.shared.add(owner);
      else entry.exclusive = owner;
    }
  }

  release(owner: Owner): void {
    for (const key of this.#keysOf.get(owner) ?? []) {
      const entry = this.#entries.get(key);
      if (!entry) continue;
      entry.shared.delete(owner);
      if (entry.exclusive === owner) entry.exclusive = undefined;
      this.#forgetIfFree(key);
    }
    this.#keysOf.delete(owner);
  }

  /** Whether another one holds what the request wants. */
  isHeld({ owner, keys }: Request): boolean {
    return keys.some((key) => {
      const entry = this.#entries.get(key);
      if (!entry) return false;
      if (entry.exclusive && entry.exclusive !== owner) return true;
      return entry.shared.size > (entry.shared.has(owner) ? 1 : 0);
    });
  }

  addBlockers(request: Request, blockers: Blockers): void {
    for (const key of request.keys) this.#addBlockersAt(key, request, blockers);
  }

  #addBlockersAt(key: string, { owner, kind }: Request, { hard, soft }: Blockers): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (entry.exclusive && entry.exclusive !== owner) hard.add(entry.exclusive);
    const holds = entry.exclusive === owner || entry.shared.has(owner);
    if (kind === 'write') addOthers(hard, entry.shared, owner);
    else if (!holds && !this.#readMostly.has(key)) addOthers(soft, entry.shared, owner);
    // Who holds the key already must not queue behind those who wait for him.
    if (holds) return;
    const ahead = entry.waiting.findLast((other) => other.owner !== owner && other.owner.age < owner.age);
    if (ahead && (kind === 'write' || ahead.kind === 'write' || !this.#readMostly.has(key))) {
      soft.add(ahead.owner);
    }
  }

  /** Queues a request at each of its keys, behind the older ones. */
  enqueue(request: Request): void {
    request.queued = request.keys;
    for (const key of request.queued) {
      const { waiting } = this.#entry(key);
      const at = waiting.findLastIndex((other) => other.owner.age <= request.owner.age);
      waiting.splice(at + 1, 0, request);
    }
  }

  dequeue(request: Request): void {
    for (const key of request.queued) {
      const entry = this.#entries.get(key);
      const at = entry?.waiting.indexOf(request) ?? -1;
      if (at !== -1) entry!.waiting.splice(at, 1);
      this.#forgetIfFree(key);
    }
  }

  /** A document that is waited for although its reader did not write it is read by many and written by few. */
  learn(owner: Owner): void {
    for (const key of this.#keysOf.get(owner) ?? []) {
      const entry = this.#entries.get(key);
      if (entry?.exclusive === owner) this.isWritten(key);
      else if (entry && entry.waiting.length > 0 && this.#readMostly.size < LEARNED_MAX)
        this.#readMostly.add(key);
    }
  }

  isWritten(key: string): void {
    this.#readMostly.delete(key);
  }

  #forgetIfFree(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && !entry.exclusive && entry.shared.size === 0 && entry.waiting.length === 0)
      this.#entries.delete(key);
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, (entry = { exclusive: undefined, shared: new Set(), waiting: [] }));
    return entry;
  }
}

function addOthers(to: Set<Owner>, owners: Set<Owner>, self: Owner): void {
  for (const owner of owners) if (owner !== self) to.add(owner);
}
