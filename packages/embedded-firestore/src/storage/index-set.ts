import { parentPath } from '../document/resource-path.ts';
import { atOnce } from '../slices.ts';
import { differingFields } from '../value/differing-fields.ts';
import type { Micros } from '../value/types.ts';
import type { Change, Collection } from './collection.ts';
import { Index } from './index.ts';
import type { IndexDefinition } from './index.ts';
import type { Row } from './row.ts';

const MAX_PER_SCOPE = 64;

/** A collection by its path, or all collections of an id. */
export type Scope = { collection: string } | { group: string };

/**
 * The indexes of a database. Each is built when a query first wants it and kept up to date from then on: data that is
 * never asked for costs nothing at writes nor at start. Of very many the least used go.
 */
export class IndexSet {
  readonly #scopes = new Map<string, Map<string, Index>>();
  readonly #collectionsOf: (scope: Scope) => readonly Collection[];
  #changedAt: Micros = 0;

  constructor(collectionsOf: (scope: Scope) => readonly Collection[]) {
    this.#collectionsOf = collectionsOf;
  }

  /** The index, complete. */
  get(scope: Scope, definition: IndexDefinition): Index {
    const index = this.find(scope, definition);
    if (!index.isBuilt) atOnce(index.build());
    return index;
  }

  /** The index as it is: it may have to be built. */
  find(scope: Scope, definition: IndexDefinition): Index {
    const key = scopeKey(scope);
    const { id } = definition;
    let indexes = this.#scopes.get(key);
    if (!indexes) this.#scopes.set(key, (indexes = new Map<string, Index>()));
    const index = indexes.get(id) ?? new Index(definition, this.#collectionsOf(scope), this.#changedAt);
    indexes.delete(id);
    indexes.set(id, index);
    if (indexes.size > MAX_PER_SCOPE) indexes.delete(indexes.keys().next().value!);
    return index;
  }

  /** Brings the indexes up to date: of a change of one field, those that have it. */
  apply({ path, before, after }: Change, row: Row, time: Micros): void {
    this.#changedAt = time;
    if (this.#scopes.size === 0) return;
    const all = this.#indexesOf(parentPath(path));
    if (all.length === 0) return;
    const differing = before && after && [...differingFields(before.data, after.data)];
    const indexes = differing ? all.filter(({ names }) => differing.some((name) => names.has(name))) : all;
    if (indexes.length === 0) return;
    const names = new Set(indexes.flatMap((index) => [...index.names]));
    const old = before?.someFields(names);
    const fresh = after?.someFields(names);
    for (const index of indexes) index.update(row, old, fresh, time);
  }

  forgetBefore(time: Micros): void {
    for (const indexes of this.#scopes.values())
      for (const index of indexes.values()) index.entries.forgetBefore(time);
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
