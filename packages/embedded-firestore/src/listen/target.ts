import type { Document } from '../document/document.ts';
import { executeQuery, isLong, unbuiltIndexes } from '../query/execute.ts';
import { Matcher } from '../query/matcher.ts';
import type { Query } from '../query/query.ts';
import { atOnce, inSlices } from '../slices.ts';
import type { Work } from '../slices.ts';
import type { Database } from '../storage/database.ts';
import type { Micros } from '../value/types.ts';

/** What a listener watches: the result of a query, or documents by name. */
export type TargetSpec = { query: Query } | { paths: readonly string[] };

/** How a document's relation to a target has changed. */
export type TargetChange = { path: string; document: Document } | { path: string; gone: 'deleted' | 'left' };

/** A first result that took long to find. */
interface Prepared {
  /** What the listener knew already. */
  known: Document[] | undefined;
  documents: Document[];
  /** Of which they are. */
  time: Micros;
  /** What has changed since then, and perhaps before. */
  missed: Set<string>;
}

/** One watched set of documents, and what its listener has been told of it. */
export class Target {
  readonly id: number;
  readonly #database: Database;
  readonly #spec: TargetSpec;
  readonly #matcher: Matcher | undefined;
  /** Documents in the result, with the update time that the listener knows. */
  #known = new Map<string, Micros>();
  #prepared: Prepared | undefined;

  constructor(id: number, database: Database, spec: TargetSpec) {
    this.id = id;
    this.#database = database;
    this.#spec = spec;
    this.#matcher = 'query' in spec ? new Matcher(spec.query) : undefined;
  }

  get count(): number {
    return this.#known.size;
  }

  /** Whether the first changes are found so quickly that others need not be answered meanwhile. */
  get isShort(): boolean {
    if ('paths' in this.#spec) return true;
    const { query } = this.#spec;
    return unbuiltIndexes(this.#database, query).length === 0 && !isLong(this.#database, query);
  }

  /** The first changes: all there is, or what has changed since the listener last knew everything. */
  start(since: Micros | undefined): TargetChange[] {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (!prepared || !this.#database.history.has(prepared.time)) {
      const known = since === undefined ? undefined : atOnce(this.#result(since));
      return this.#changesSince(known, atOnce(this.#result()));
    }
    this.#remember(prepared.documents);
    this.update(prepared.missed);
    const present = [...this.#known.keys()].map((path) => this.#database.get(path)!);
    return this.#changesSince(prepared.known, present);
  }

  /** Finds the first result while others are answered; `start` adds what they have changed meanwhile. */
  async prepare(since: Micros | undefined, now: () => Micros): Promise<void> {
    const missed = new Set<string>();
    const prepared: Prepared = { known: undefined, documents: [], time: 0, missed };
    this.#prepared = prepared;
    if ('query' in this.#spec) {
      for (const index of unbuiltIndexes(this.#database, this.#spec.query)) await inSlices(index.build());
    }
    const find = (time: Micros) => inSlices(this.#result(time), () => this.#database.history.check(time));
    if (since !== undefined) prepared.known = await find(since);
    prepared.time = now();
    prepared.documents = await find(prepared.time);
  }

  /** Drops what was prepared. */
  giveUp(): void {
    this.#prepared = undefined;
  }

  /** What the change of these documents means for the target. */
  update(paths: Iterable<string>): TargetChange[] {
    if (this.#prepared) {
      for (const path of paths) this.#prepared.missed.add(path);
      return [];
    }
    const isLimited =
      'query' in this.#spec && (this.#spec.query.limit !== undefined || this.#spec.query.offset > 0);
    if (!isLimited) return [...paths].flatMap((path) => this.#updateOne(path));
    for (const path of paths) {
      const document = this.#database.get(path);
      const isRelevant = this.#known.has(path) || (document && this.#matches(document));
      if (isRelevant) return this.#compare(atOnce(this.#result()));
    }
    return [];
  }

  #changesSince(known: readonly Document[] | undefined, present: readonly Document[]): TargetChange[] {
    this.#remember(known ?? []);
    const changes = this.#compare(present);
    if (known || !('paths' in this.#spec)) return changes;
    const missing = this.#spec.paths.filter((path) => !this.#known.has(path));
    return [...changes, ...missing.map((path) => ({ path, gone: 'deleted' }) as const)];
  }

  #updateOne(path: string): TargetChange[] {
    const document = this.#database.get(path);
    const known = this.#known.get(path);
    if (document && this.#matches(document)) {
      if (known === document.updateTime) return [];
      this.#known.set(path, document.updateTime);
      return [{ path, document }];
    }
    if (!this.#known.delete(path)) return [];
    return [{ path, gone: document ? 'left' : 'deleted' }];
  }

  #matches(document: Document): boolean {
    if ('paths' in this.#spec) return this.#spec.paths.includes(document.path);
    return this.#matcher!.place(document) !== undefined;
  }

  *#result(time?: Micros): Work<Document[]> {
    if ('query' in this.#spec) {
      const { documents } = yield* executeQuery(this.#database, this.#spec.query, time);
      return documents;
    }
    return this.#spec.paths.flatMap((path) => this.#database.get(path, time) ?? []);
  }

  #remember(documents: readonly Document[]): void {
    this.#known = new Map(documents.map(({ path, updateTime }) => [path, updateTime]));
  }

  #compare(documents: readonly Document[]): TargetChange[] {
    const before = this.#known;
    this.#remember(documents);
    const changes: TargetChange[] = documents
      .filter(({ path, updateTime }) => before.get(path) !== updateTime)
      .map((document) => ({ path: document.path, document }));
    for (const path of before.keys()) {
      if (!this.#known.has(path)) changes.push({ path, gone: this.#database.get(path) ? 'left' : 'deleted' });
    }
    return changes;
  }
}
