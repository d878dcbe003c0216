import { Document } from '../document/document.ts';
import { setField } from '../document/field-path.ts';
import { documentAt } from '../storage/collection.ts';
import type { Database } from '../storage/database.ts';
import type { Scope } from '../storage/index-set.ts';
import { afterPrefix } from '../value/key-writer.ts';
import type { Micros } from '../value/types.ts';
import { compileFilter } from './filter.ts';
import { Matcher } from './matcher.ts';
import { findNearest } from './nearest.ts';
import type { Nearest } from './nearest.ts';
import { isByName, planQuery } from './plan.ts';
import type { Plan, Scan } from './plan.ts';
import type { Query } from './query.ts';
import type { Range } from './ranges.ts';
import { isBelow } from './source.ts';

export interface QueryResult {
  documents: Document[];
  skipped: number;
  cost: Cost;
}

/** A document that belongs to the result: its name and its place in the order. */
interface Hit {
  key: string;
  path: string;
}

/** What a query cost, for explain. */
export interface Cost {
  entries: number;
  documents: number;
}

/** One query at one time over one database. */
class Execution {
  readonly #database: Database;
  readonly #query: Query;
  readonly #time: Micros | undefined;
  readonly cost: Cost = { entries: 0, documents: 0 };

  constructor(database: Database, query: Query, time: Micros | undefined) {
    this.#database = database;
    this.#query = query;
    this.#time = time;
  }

  document(path: string): Document {
    this.cost.documents++;
    return this.#database.get(path, this.#time)!;
  }

  hits(): Iterable<Hit> {
    const plan = planQuery(this.#query);
    if (!plan) return this.#everything();
    const streams = plan.scans.map((scan) => this.#scan(plan, scan));
    return streams.length === 1 ? streams[0]! : merge(streams, plan.reverse);
  }

  *#scan({ scope, reverse }: Plan, scan: Scan): Generator<Hit> {
    const ranges = reverse ? scan.ranges.toReversed() : scan.ranges;
    const accepts = this.#acceptance(scope, scan);
    for (const range of ranges) {
      for (const [key, path] of this.#entries(scope, scan, range, reverse)) {
        this.cost.entries++;
        if (accepts(path, key)) yield { key: key.slice(scan.prefix.length), path };
      }
    }
  }

  #entries(
    scope: Scope,
    { definition, prefix }: Scan,
    { from, to }: Range,
    reverse: boolean,
  ): Iterable<[string, string]> {
    const end = to === undefined ? afterPrefix(prefix) : prefix + to;
    if (isByName(scope, definition)) return this.#names(scope.collection, prefix + from, end, reverse);
    const index = this.#database.indexes.get(scope, definition);
    if (this.#time === undefined) return index.range(prefix + from, end, reverse);
    return index.rangeAt(prefix + from, end, reverse, this.#time);
  }

  *#names(collection: string, from: string, to: string, reverse: boolean): Generator<[string, string]> {
    for (const [key, version] of this.#database.collection(collection)?.versions.range(from, to, reverse) ??
      []) {
      const document = documentAt(version, this.#time);
      if (document) yield [key, document.path];
    }
  }

  /** Decides about an index entry; in the usual case without a look at the document. */
  #acceptance(scope: Scope, { definition, residual }: Scan): (path: string, key: string) => boolean {
    const { parent } = this.#query.from;
    const time = this.#time;
    const isOfNow = time === undefined || isByName(scope, definition);
    if (isOfNow && residual.length === 0 && parent === '') return () => true;
    const matches = compileFilter({ kind: 'and', filters: residual }, this.#query.database);
    return (path, key) => {
      if ('group' in scope && !isBelow(path, parent)) return false;
      const isExact = isOfNow || this.#isUnchangedSince(path, time);
      if (isExact && residual.length === 0) return true;
      const fields = this.#database.get(path, time)?.fields();
      this.cost.documents++;
      if (!fields) return false;
      if (!isExact && !this.#database.indexes.get(scope, definition).keysOf(path, fields).includes(key))
        return false;
      return matches({ path, fields });
    };
  }

  #isUnchangedSince(path: string, time: Micros): boolean {
    const newest = this.#database.get(path);
    return newest !== undefined && newest.updateTime <= time;
  }

  /** Queries over collections of every id are rare; they look at all there is. */
  #everything(): Hit[] {
    const matcher = new Matcher(this.#query);
    const hits: Hit[] = [];
    for (const collection of this.#database.collectionsBelow(this.#query.from.parent)) {
      for (const document of this.#database.documents(collection, this.#time)) {
        this.cost.documents++;
        const key = matcher.place(document);
        if (key !== undefined) hits.push({ key, path: document.path });
      }
    }
    return hits.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

/** Builds the indexes that the query wants and nobody wanted before, while other requests are answered in between. */
export async function prepareQuery(database: Database, query: Query): Promise<void> {
  const plan = planQuery(query);
  if (!plan) return;
  for (const { definition } of plan.scans) {
    if (!isByName(plan.scope, definition)) await database.indexes.prepare(plan.scope, definition);
  }
}

export function executeQuery(database: Database, query: Query, time?: Micros): QueryResult {
  const execution = new Execution(database, query, time);
  const { hits, skipped } = page(query, execution.hits());
  const documents = hits.map(({ path }) => execution.document(path));
  return {
    documents: query.nearest ? neighbours(documents, query.nearest) : documents,
    skipped,
    cost: execution.cost,
  };
}

function neighbours(candidates: readonly Document[], nearest: Nearest): Document[] {
  return findNearest(candidates, nearest).map(({ document, distance }) => {
    if (!nearest.resultField) return document;
    const fields = document.fields();
    setField(fields, nearest.resultField, distance);
    return Document.of(document.path, fields, document.createTime, document.updateTime);
  });
}

/** How many results there are: answered from the index alone where that is possible. */
export function countQuery(database: Database, query: Query, time?: Micros): { count: number; cost: Cost } {
  const execution = new Execution(database, query, time);
  return { count: page(query, execution.hits()).hits.length, cost: execution.cost };
}

function page({ offset, limit = Infinity }: Query, hits: Iterable<Hit>): { hits: Hit[]; skipped: number } {
  const taken: Hit[] = [];
  let skipped = 0;
  if (limit === 0) return { hits: taken, skipped };
  for (const hit of hits) {
    if (skipped < offset) {
      skipped++;
      continue;
    }
    taken.push(hit);
    if (taken.length >= limit) break;
  }
  return { hits: taken, skipped };
}

/** Merges streams that are each in order; what several of them have comes once. */
function* merge(streams: Generator<Hit>[], reverse: boolean): Generator<Hit> {
  const isBefore = (a: Hit, b: Hit) => a.key !== b.key && a.key < b.key !== reverse;
  const heads = streams.flatMap((stream) => headOf(stream) ?? []);
  let last: string | undefined;
  while (heads.length > 0) {
    const best = heads.reduce((a, b) => (isBefore(b.hit, a.hit) ? b : a));
    if (best.hit.key !== last) yield best.hit;
    last = best.hit.key;
    const next = headOf(best.stream);
    if (next) best.hit = next.hit;
    else heads.splice(heads.indexOf(best), 1);
  }
}

function headOf(stream: Generator<Hit>): { stream: Generator<Hit>; hit: Hit } | undefined {
  const next = stream.next() as IteratorResult<Hit, void>;
  return next.done ? undefined : { stream, hit: next.value };
}
