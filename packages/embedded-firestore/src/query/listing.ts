import type { Document } from '../document/document.ts';
import { pathKey } from '../document/resource-path.ts';
import type { Collection } from '../storage/collection.ts';
import type { Database } from '../storage/database.ts';
import { documentAt } from '../storage/row.ts';
import type { Micros } from '../value/types.ts';

/** A document, or the name of one that does not exist but has documents below it. */
export interface Listed {
  path: string;
  document: Document | undefined;
}

export interface ListRequest {
  parent: string;
  /** Absent: all collections directly below the parent. */
  collectionId?: string;
  showMissing: boolean;
  /** Only what sorts after this path. */
  after?: string;
  limit: number;
}

/** Documents by name; one more than the limit tells that there are others. */
export function listDocuments(database: Database, request: ListRequest, time?: Micros): Listed[] {
  const { parent, collectionId, limit } = request;
  const ids = collectionId === undefined ? listCollectionIds(database, parent, time) : [collectionId];
  const listed: Listed[] = [];
  for (const id of ids) {
    if (listed.length > limit) break;
    const collection = parent === '' ? id : `${parent}/${id}`;
    listed.push(...listCollection(database, collection, request, time));
  }
  return listed.slice(0, limit + 1);
}

function listCollection(
  database: Database,
  path: string,
  request: ListRequest,
  time: Micros | undefined,
): Listed[] {
  const after = request.after === undefined ? undefined : pathKey(request.after);
  const start = after === undefined ? '' : `${after}\x00`;
  const listed = new Map<string, Listed>();
  const collection = database.collection(path);
  for (const [key, row] of collection?.names.range({ from: start, to: undefined }, false, time) ?? []) {
    listed.set(key, { path: row.path, document: documentAt(row, time)! });
    if (listed.size > request.limit) break;
  }
  if (request.showMissing) {
    for (const missing of missingParents(database, path, time)) {
      const key = pathKey(missing);
      if (key >= start && !listed.has(key)) listed.set(key, { path: missing, document: undefined });
    }
  }
  return [...listed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function* missingParents(database: Database, collection: string, time?: Micros): Generator<string> {
  const depth = collection.split('/').length + 1;
  for (const below of database.collectionsBelow(collection)) {
    const path = below.path.split('/').slice(0, depth).join('/');
    if (!database.get(path, time) && hasDocuments(database, below, time)) yield path;
  }
}

/** The ids of the collections directly below a document or the root, in order. */
export function listCollectionIds(database: Database, parent: string, time?: Micros): string[] {
  const depth = parent === '' ? 0 : parent.split('/').length;
  const ids: string[] = [];
  for (const collection of database.collectionsBelow(parent)) {
    const id = collection.path.split('/')[depth]!;
    if (ids.at(-1) !== id && hasDocuments(database, collection, time)) ids.push(id);
  }
  return ids;
}

function hasDocuments(database: Database, collection: Collection, time?: Micros): boolean {
  if (time === undefined) return collection.names.size > 0;
  return !database.documents(collection, time).next().done;
}
