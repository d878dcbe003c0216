import { invalid } from '../errors.ts';
import { KeyWriter, numericId } from '../value/key-writer.ts';
import { MAX_NAME_BYTES, MAX_RESOURCE_NAME_BYTES } from '../value/limits.ts';

const DATABASE = /^projects\/([^/]+)\/databases\/([^/]+)$/;
const RESOURCE = /^(projects\/[^/]+\/databases\/[^/]+)\/documents(?:\/(.*))?$/s;
/** Google's own text says `__.*__`, but its service takes four underscores. */
const RESERVED_ID = /^__.+__$/;
const MAX_COLLECTIONS = 100;
const keys = new KeyWriter();

/** A resource name cut into its database (`projects/p/databases/d`) and the path within (`users/a`). */
export interface ResourceName {
  database: string;
  path: string;
}

export function checkDatabaseName(name: string): string {
  if (!DATABASE.test(name)) {
    throw invalid(`Database name "${name}" is not of the form projects/{project}/databases/{database}.`);
  }
  return name;
}

/** A document's name: `projects/p/databases/d/documents/users/a`. */
export function parseDocumentName(name: string): ResourceName {
  const resource = parseResourceName(name);
  const ids = resource.path.split('/');
  if (resource.path === '' || ids.length % 2 !== 0) {
    throw invalid(`Document name "${name}" must have an even number of ids after "documents/".`);
  }
  if (name.length > MAX_RESOURCE_NAME_BYTES && Buffer.byteLength(name) > MAX_RESOURCE_NAME_BYTES) {
    throw invalid(`Document name is longer than ${MAX_RESOURCE_NAME_BYTES} bytes.`);
  }
  if (ids.length > 2 * MAX_COLLECTIONS) {
    throw invalid(
      `Collections may be nested ${MAX_COLLECTIONS} deep at most (in "${name.slice(0, 80)}...").`,
    );
  }
  ids.forEach((id) => checkId(id, name));
  // Put together anew: as a part of the name it would keep the whole name in memory.
  return { database: resource.database, path: ids.join('/') };
}

/** The parent of a query: the root `.../documents` or a document. */
export function parseParentName(name: string): ResourceName {
  const resource = parseResourceName(name);
  if (resource.path !== '' && resource.path.split('/').length % 2 !== 0) {
    throw invalid(`Parent "${name}" must be a document or the root of the documents.`);
  }
  return resource;
}

function parseResourceName(name: string): ResourceName {
  const [, database, path = ''] = RESOURCE.exec(name) ?? [];
  if (database === undefined) {
    throw invalid(
      `Resource name "${name}" is not of the form projects/{project}/databases/{database}/documents/...`,
    );
  }
  return { database, path };
}

export function checkId(id: string, name: string): void {
  if (id === '') throw invalid(`Resource name "${name}" has an empty id.`);
  if (id === '.' || id === '..') throw invalid(`"${id}" is not allowed as an id (in "${name}").`);
  if (id.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(id) > MAX_NAME_BYTES) {
    throw invalid(`An id is longer than ${MAX_NAME_BYTES} bytes (in "${name.slice(0, 80)}...").`);
  }
  if (RESERVED_ID.test(id) && numericId(id) === undefined)
    throw invalid(`Id "${id}" is reserved (in "${name}").`);
}

export function checkCollectionId(id: string): void {
  checkId(id, id);
  if (id.includes('/')) throw invalid(`The collection id "${id}" must not contain a slash.`);
}

export function documentName(database: string, path: string): string {
  return `${database}/documents/${path}`;
}

/** The part before the last id: a document's collection, or a collection's document. */
export function parentPath(path: string): string {
  const at = path.lastIndexOf('/');
  return at === -1 ? '' : path.slice(0, at);
}

export function lastId(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The order-preserving key of a path; without its end it is the prefix of all paths below. */
export function pathKey(path: string): string {
  return `${pathPrefixKey(path)}\x00`;
}

export function pathPrefixKey(path: string): string {
  keys.truncate(0);
  if (path !== '') for (const id of path.split('/')) keys.segment(id);
  return keys.toString();
}
