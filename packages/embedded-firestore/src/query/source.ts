import { parentPath } from '../document/resource-path.ts';
import type { Query, Source } from './query.ts';

export function collectionPath({ parent, collectionId }: Source): string {
  return parent === '' ? collectionId! : `${parent}/${collectionId}`;
}

/** Whether a document is among those that a query looks at, whatever its filter says. */
export function isInSource({ from }: Query, path: string): boolean {
  const collection = parentPath(path);
  if (!from.allDescendants && from.collectionId === undefined) return parentPath(collection) === from.parent;
  if (!from.allDescendants) return collection === collectionPath(from);
  if (from.collectionId !== undefined) {
    const isOfGroup = collection === from.collectionId || collection.endsWith(`/${from.collectionId}`);
    if (!isOfGroup) return false;
  }
  return isBelow(path, from.parent);
}

export function isBelow(path: string, parent: string): boolean {
  return parent === '' || path.startsWith(`${parent}/`);
}
