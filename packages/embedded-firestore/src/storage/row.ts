import type { Document } from '../document/document.ts';
import type { Micros } from '../value/types.ts';

/** One state of a document from `time` on; no document means it was deleted then. */
export interface Version {
  readonly time: Micros;
  readonly document: Document | undefined;
  older: Version | undefined;
}

/** A document through time: names and indexes lead to it, whatever becomes of it. */
export interface Row {
  readonly path: string;
  newest: Version;
}

/** The document as it was at `time`, or as it is now. */
export function documentAt(row: Row | undefined, time?: Micros): Document | undefined {
  if (time === undefined) return row?.newest.document;
  let version = row?.newest;
  while (version && version.time > time) version = version.older;
  return version?.document;
}
