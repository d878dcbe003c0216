import type { Document } from '../document/document.ts';
import { lastId, parentPath } from '../document/resource-path.ts';
import type { Micros } from '../value/types.ts';
import { SortedMap } from './sorted-map.ts';

/** One state of a document from `time` on; no document means it was deleted then. */
export interface Version {
  readonly time: Micros;
  readonly document: Document | undefined;
  older: Version | undefined;
}

/** What a commit does to one document. */
export interface Change {
  path: string;
  before: Document | undefined;
  after: Document | undefined;
}

/** The documents directly in one collection, each as its chain of versions, newest first. */
export class Collection {
  readonly path: string;
  readonly id: string;
  readonly parent: string;
  readonly versions = new SortedMap<Version>();
  /** How many documents exist now. */
  count = 0;

  constructor(path: string) {
    this.path = path;
    this.id = lastId(path);
    this.parent = parentPath(path);
  }
}

/** The document as it was at `time`, or as it is now. */
export function documentAt(newest: Version | undefined, time?: Micros): Document | undefined {
  if (time === undefined) return newest?.document;
  let version = newest;
  while (version && version.time > time) version = version.older;
  return version?.document;
}
