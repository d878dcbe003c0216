import { Document } from '../document/document.ts';
import { setField } from '../document/field-path.ts';
import type { Work } from '../slices.ts';
import type { Database } from '../storage/database.ts';
import { EVERYTHING } from '../storage/entries.ts';
import type { Entries, Range } from '../storage/entries.ts';
import type { Index } from '../storage/index.ts';
import type { Scope } from '../storage/index-set.ts';
import { documentAt } from '../storage/row.ts';
import type { Row } from '../storage/row.ts';
import { afterPrefix } from '../value/key-writer.ts';
import type { Micros } from '../value/types.ts';
import { compileFilter } from './filter.ts';
import { Matcher } from './matcher.ts';
import { merge } from './merge.ts';
import type { Hit } from './merge.ts';
import { findNearest } from './nearest.ts';
import type { Nearest } from './nearest.ts';
import { areDisjoint, isByName, planQuery } from './plan.ts';
import type { Plan, Scan } from './plan.ts';
import type { Query } from './query.ts';
import { isBelow } from './source.ts';

export interface QueryResult {
  documents: Document[];
  skipped: number;
  cost: Cost;
}

/** What a query cost, for explain: entries that are counted or skipped without a look at them cost as much elsewhere. */
export interface Cost {
  entries: number;
  documents: number;
}

/** Entries between two pauses. */
const PAUSE_AFTER = 256;
/** A query that may look at more entries than this takes longer than others should wait. */
const MANY = 2_000;

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

  document(row: Row): Document {
    this.cost.documents++;
    return documentAt(row, this.#time)!;
  }

  /** The rows that are left of the result by offset and limit. */
  *page(): Work<{ rows: Row[]; skipped: number }> {
    const { offset, limit = Infinity } = this.#query;
    const rows: Row[] = [];
    if (limit === 0) return { rows, skipped: 0 };
    const hits = this.#hits(offset);
    let { skipped } = hits;
    for (const hit of hits.hits) {
      if (!hit) {
        yield;
      } else if (skipped < offset) {
        skipped++;
      } else {
        rows.push(hit.row);
        if (rows.length >= limit) break;
      }
    }
    return { rows, skipped };
  }

  /** How many results there are before offset and limit, if the indexes know without a look at their entries. */
  count(): number | undefined {
    const plan = planQuery(this.#query);
    if (!plan || !this.#isExact(plan) || !areDisjoint(plan.scans)) return undefined;
    let sum = 0;
    for (const scan of plan.scans) {
      for (const range of rangesOf(scan)) {
        const entries = this.#entries(plan.scope, scan);
        const count = entries ? entries.count(range, this.#time) : 0;
        if (count === undefined) return undefined;
        sum += count;
      }
    }
    this.cost.entries += sum;
    return sum;
  }

  /** How many entries there are now in what is to be looked through. */
  get breadth(): number {
    const plan = planQuery(this.#query);
    if (!plan) return Infinity;
    const counts = plan.scans.flatMap((scan) =>
      rangesOf(scan).map((range) => this.#entries(plan.scope, scan)?.count(range) ?? 0),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** In the order of the query; nothing where a pause may be made. */
  #hits(offset: number): { hits: Iterable<Hit | undefined>; skipped: number } {
    const plan = planQuery(this.#query);
    if (!plan) return { hits: this.#everything(), skipped: 0 };
    const [first] = plan.scans;
    if (plan.scans.length > 1 || !first) {
      const streams = plan.scans.map((scan) => this.#scan(plan, scan, rangesOf(scan, plan.reverse)));
      return { hits: merge(streams, plan.reverse), skipped: 0 };
    }
    const { ranges, skipped } = this.#skip(plan, first, offset);
    return { hits: this.#scan(plan, first, ranges), skipped };
  }

  *#scan(plan: Plan, scan: Scan, ranges: readonly Range[]): Generator<Hit | undefined, void> {
    const accepts = this.#acceptance(plan.scope, scan);
    const entries = this.#entries(plan.scope, scan);
    let looked = 0;
    for (const range of entries ? ranges : []) {
      for (const [key, row] of entries!.range(range, plan.reverse, this.#time)) {
        this.cost.entries++;
        if (accepts(row)) yield { key: plan.scans.length === 1 ? key : key.slice(scan.prefix.length), row };
        if (++looked % PAUSE_AFTER === 0) yield undefined;
      }
    }
  }

  /** What is left of the ranges without as much of the offset as can be told without a look at the entries. */
  #skip(plan: Plan, scan: Scan, offset: number): { ranges: readonly Range[]; skipped: number } {
    const ranges = rangesOf(scan, plan.reverse);
    const entries = this.#entries(plan.scope, scan);
    if (offset === 0 || !entries || !this.#isExact(plan)) return { ranges, skipped: 0 };
    let skipped = 0;
    for (const [at, range] of ranges.entries()) {
      const count = entries.count(range, this.#time);
      if (count === undefined) return { ranges: ranges.slice(at), skipped };
      if (skipped + count <= offset) {
        skipped += count;
        this.cost.entries += count;
        continue;
      }
      const left = offset - skipped;
      const rest = left === 0 ? range : entries.skip(range, left, plan.reverse, this.#time);
      if (!rest) return { ranges: ranges.slice(at), skipped };
      this.cost.entries += left;
      return { ranges: [rest, ...ranges.slice(at + 1)], skipped: offset };
    }
    return { ranges: [], skipped };
  }

  #entries(scope: Scope, { definition }: Scan): Entries | undefined {
    if (isByName(scope, definition)) return this.#database.collection(scope.collection)?.names;
    return this.#database.indexes.get(scope, definition).entries;
  }

  /** Whether everything in the ranges belongs to the result. */
  #isExact({ scope, scans }: Plan): boolean {
    const isAll = 'collection' in scope || this.#query.from.parent === '';
    return isAll && scans.every(({ residual }) => residual.length === 0);
  }

  /** Decides about an index entry; in the usual case without a look at the document. */
  #acceptance(scope: Scope, { residual }: Scan): (row: Row) => boolean {
    const { parent } = this.#query.from;
    const isInSource = 'group' in scope ? (path: string) => isBelow(path, parent) : () => true;
    if (residual.length === 0) return ({ path }) => isInSource(path);
    const matches = compileFilter({ kind: 'and', filters: residual }, this.#query.database);
    const names = new Set(residual.map(({ path }) => path[0]!));
    return (row) =>
      isInSource(row.path) && matches({ path: row.path, fields: this.document(row).someFields(names) });
  }

  /** Queries over collections of every id are rare; they look at all there is. */
  *#everything(): Generator<Hit | undefined> {
    const matcher = new Matcher(this.#query);
    const hits: Hit[] = [];
    for (const collection of [...this.#database.collectionsBelow(this.#query.from.parent)]) {
      for (const [, row] of collection.names.range(EVERYTHING, false, this.#time)) {
        const key = matcher.place(this.document(row));
        if (key !== undefined) hits.push({ key, row });
        if (this.cost.documents % PAUSE_AFTER === 0) yield undefined;
      }
    }
    yield* hits.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

function rangesOf({ prefix, ranges }: Scan, reverse = false): Range[] {
  const all = ranges.map(({ from, to }) => ({
    from: prefix + from,
    to: to === undefined ? afterPrefix(prefix) : prefix + to,
  }));
  return reverse ? all.reverse() : all;
}

/** The indexes that the query wants and nobody has wanted before. */
export function unbuiltIndexes(database: Database, query: Query): Index[] {
  const plan = planQuery(query);
  if (!plan) return [];
  const indexed = plan.scans.filter(({ definition }) => !isByName(plan.scope, definition));
  const indexes = indexed.map(({ definition }) => database.indexes.find(plan.scope, definition));
  return indexes.filter(({ isBuilt }) => !isBuilt);
}

/** Whether the query may look at so much that others should be answered meanwhile. */
export function isLong(database: Database, query: Query): boolean {
  const plan = planQuery(query);
  if (!plan) return true;
  const { limit = Infinity, offset } = query;
  const isFiltered = plan.scans.some(({ residual }) => residual.length > 0) || query.from.parent !== '';
  if (!isFiltered && (limit + offset) * plan.scans.length <= MANY) return false;
  return new Execution(database, query, undefined).breadth > MANY;
}

export function* executeQuery(database: Database, query: Query, time?: Micros): Work<QueryResult> {
  const execution = new Execution(database, query, time);
  const { rows, skipped } = yield* execution.page();
  const documents: Document[] = [];
  for (const row of rows) {
    documents.push(execution.document(row));
    if (documents.length % PAUSE_AFTER === 0) yield;
  }
  return {
    documents: query.nearest ? yield* neighbours(documents, query.nearest) : documents,
    skipped,
    cost: execution.cost,
  };
}

function* neighbours(candidates: readonly Document[], nearest: Nearest): Work<Document[]> {
  const found = yield* findNearest(candidates, nearest);
  return found.map(({ document, distance }) => {
    if (!nearest.resultField) return document;
    const fields = document.fields();
    setField(fields, nearest.resultField, distance);
    return Document.of(document.path, fields, document.createTime, document.updateTime);
  });
}

/** How many results there are: answered from the index alone where that is possible. */
export function* countQuery(
  database: Database,
  query: Query,
  time?: Micros,
): Work<{ count: number; cost: Cost }> {
  const execution = new Execution(database, query, time);
  const { offset, limit = Infinity } = query;
  const known = execution.count();
  const count =
    known === undefined
      ? (yield* execution.page()).rows.length
      : Math.min(Math.max(known - offset, 0), limit);
  return { count, cost: execution.cost };
}
