import { parentPath } from '../document/resource-path.ts';
import type { MapValue, Micros } from '../value/types.ts';
import type { Collection } from './collection.ts';
import type { Change } from './collection.ts';
import { Index, indexId } from './index.ts';
import type { IndexDefinition } from './index.ts';

const MAX_PER_SCOPE = 64;
const BUILT_FOR_MS = 5;

/** A collection by its path, or all collections of an id. */
export type Scope = { collection: string } | { group: string };

/**
 * The indexes of a database. Each is built when a query first wants it and kept up to date from then on: data that is
 * never asked for costs nothing at writes nor at start. Of very many the least used go.
 */
export class IndexSet {
  readonly #scopes = new Map<string, Map<string, Index>>();
  readonly #collectionsOf: (scope: Scope) => readonly Collection[];

  constructor(collectionsOf: (scope: Scope) => readonly Collection[]) {
    this.#collectionsOf = collectionsOf;
  }

  /** The index, complete. */
  get(scope: Scope, definition: IndexDefinition): Index {
    const index = this.#find(scope, definition);
    index.build();
    return index;
  }

  /** Builds the index while other requests are answered in between. */
  async prepare(scope: Scope, definition: IndexDefinition): Promise<void> {
    const index = this.#find(scope, definition);
    while (!index.build(performance.now() + BUILT_FOR_MS)) await new Promise(setImmediate);
  }

  #find(scope: Scope, definition: IndexDefinition): Index {
    const key = scopeKey(scope);
    const id = indexId(definition);
    let indexes = this.#scopes.get(key);
    if (!indexes) this.#scopes.set(key, (indexes = new Map<string, Index>()));
    const index = indexes.get(id) ?? new Index(definition, this.#collectionsOf(scope));
    indexes.delete(id);
    indexes.set(id, index);
    if (indexes.size > MAX_PER_SCOPE) indexes.delete(indexes.keys().next().value!);
    return index;
  }

  apply(changes: readonly Change[], time: Micros): void {
    if (this.#scopes.size === 0) return;
    for (const { path, before, after } of changes) {
      const indexes = this.#indexesOf(parentPath(path));
      if (indexes.length === 0) continue;
      const old = before?.fields();
      const fresh: MapValue | undefined = after?.fields();
      for (const index of indexes) index.update(path, old, fresh, time);
    }
  }

  forgetBefore(time: Micros): void {
    for (const indexes of this.#scopes.values())
      for (const index of indexes.values()) index.forgetBefore(time);
  }

  #indexesOf(collection: string): Index[] {
    const id = collection.slice(collection.lastIndexOf('/') + 1);
    const scopes = [this.#scopes.get(scopeKey({ collection })), this.#scopes.get(scopeKey({ group: id }))];
    return scopes.flatMap((indexes) => (indexes ? [...indexes.values()] : []));
  }
}

function scopeKey(scope: Scope): string {
  return 'collection' in scope ? `/${scope.collection}` : scope.group;
}
