import type { Document } from '../document/document.ts';
import { executeQuery } from '../query/execute.ts';
import { Matcher } from '../query/matcher.ts';
import type { Query } from '../query/query.ts';
import { atOnce } from '../slices.ts';
import type { Database } from '../storage/database.ts';
import type { Micros } from '../value/types.ts';

/** What a listener watches: the result of a query, or documents by name. */
export type TargetSpec = { query: Query } | { paths: readonly string[] };

/** How a document's relation to a target has changed. */
export type TargetChange = { path: string; document: Document } | { path: string; gone: 'deleted' | 'left' };

/** One watched set of documents, and what its listener has been told of it. */
export class Target {
  readonly id: number;
  readonly #database: Database;
  readonly #spec: TargetSpec;
  readonly #matcher: Matcher | undefined;
  /** Documents in the result, with the update time that the listener knows. */
  #known = new Map<string, Micros>();

  constructor(id: number, database: Database, spec: TargetSpec) {
    this.id = id;
    this.#database = database;
    this.#spec = spec;
    this.#matcher = 'query' in spec ? new Matcher(spec.query) : undefined;
  }

  get count(): number {
    return this.#known.size;
  }

  /** The first changes: all there is, or what has changed since the listener last knew everything. */
  start(since: Micros | undefined): TargetChange[] {
    if (since !== undefined) this.#remember(this.#result(since));
    const changes = this.#compare(this.#result());
    if (since !== undefined || !('paths' in this.#spec)) return changes;
    const missing = this.#spec.paths.filter((path) => !this.#known.has(path));
    return [...changes, ...missing.map((path) => ({ path, gone: 'deleted' }) as const)];
  }

  /** What the change of these documents means for the target. */
  update(paths: Iterable<string>): TargetChange[] {
    const isLimited =
      'query' in this.#spec && (this.#spec.query.limit !== undefined || this.#spec.query.offset > 0);
    if (!isLimited) return [...paths].flatMap((path) => this.#updateOne(path));
    for (const path of paths) {
      const document = this.#database.get(path);
      const isRelevant = this.#known.has(path) || (document && this.#matches(document));
      if (isRelevant) return this.#compare(this.#result());
    }
    return [];
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

  #result(time?: Micros): Document[] {
    if ('query' in this.#spec) return atOnce(executeQuery(this.#database, this.#spec.query, time)).documents;
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
