import type { Document } from '../document/document.ts';
import { parentPath, pathKey, pathPrefixKey } from '../document/resource-path.ts';
import { afterPrefix } from '../value/key-writer.ts';
import type { Micros } from '../value/types.ts';
import { Collection } from './collection.ts';
import type { Change } from './collection.ts';
import { EVERYTHING } from './entries.ts';
import { History } from './history.ts';
import { IndexSet } from './index-set.ts';
import type { Scope } from './index-set.ts';
import { documentAt } from './row.ts';
import type { Version } from './row.ts';
import { SortedMap } from './sorted-map.ts';

/**
 * One database in memory, multi-version: a reader at a time in the past sees exactly what was committed by then,
 * without locks and without holding up anybody.
 */
export class Database {
  readonly name: string;
  readonly history = new History((path, past) => this.#forget(path, past));
  readonly indexes = new IndexSet((scope) => this.#collectionsOf(scope));
  readonly #collections = new Map<string, Collection>();
  readonly #ordered = new SortedMap<Collection>();

  constructor(name: string) {
    this.name = name;
  }

  get(path: string, time?: Micros): Document | undefined {
    return documentAt(this.#collections.get(parentPath(path))?.row(pathKey(path)), time);
  }

  collection(path: string): Collection | undefined {
    return this.#collections.get(path);
  }

  /** Collections below a document or the root, in the order of their paths. */
  *collectionsBelow(parent: string): Generator<Collection> {
    const prefix = pathPrefixKey(parent);
    for (const [, collection] of this.#ordered.range(prefix, afterPrefix(prefix))) {
      if (collection.path !== parent) yield collection;
    }
  }

  /** Documents of one collection in the order of their names. */
  *documents(collection: Collection, time?: Micros): Generator<Document> {
    for (const [, row] of collection.names.range(EVERYTHING, false, time)) yield documentAt(row, time)!;
  }

  /** Makes one commit visible. Only called when it is durable. */
  apply(changes: readonly Change[], time: Micros): void {
    for (const change of changes) {
      const { path, before, after } = change;
      if (before === after) continue;
      const row = this.#collectionFor(parentPath(path)).change(pathKey(path), path, after, time);
      this.indexes.apply(change, row, time);
      if (row.older) this.history.superseded(path, row.older, time);
    }
  }

  /** Puts a document in place while loading, with the times it had. */
  load(document: Document | undefined, path: string, time: Micros): void {
    const collection = this.#collectionFor(parentPath(path));
    const key = pathKey(path);
    if (document) collection.names.put(key, { path, time, document, older: undefined });
    else collection.names.drop(key);
  }

  /** Every document as of now, for a snapshot of the whole. */
  *everything(): Generator<Document> {
    for (const [, collection] of this.#ordered.range()) yield* this.documents(collection);
  }

  #collectionsOf(scope: Scope): Collection[] {
    if ('collection' in scope) {
      const collection = this.#collections.get(scope.collection);
      return collection ? [collection] : [];
    }
    return [...this.#collections.values()].filter(({ id }) => id === scope.group);
  }

  #collectionFor(path: string): Collection {
    let collection = this.#collections.get(path);
    if (!collection) {
      collection = new Collection(path);
      this.#collections.set(path, collection);
      this.#ordered.set(pathKey(path), collection);
    }
    return collection;
  }

  /** Drops a state of the past, and a deletion itself once nothing before it is left. */
  #forget(path: string, past: Version): void {
    past.newer.older = undefined;
    this.indexes.forgetBefore(this.history.earliest);
    this.#collections.get(parentPath(path))?.names.forgetBefore(this.history.earliest);
  }
}
