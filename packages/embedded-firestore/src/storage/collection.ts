import type { Document } from '../document/document.ts';
import { lastId, parentPath } from '../document/resource-path.ts';
import type { Micros } from '../value/types.ts';
import { Entries } from './entries.ts';
import { documentAt, supersede } from './row.ts';
import type { Row } from './row.ts';

/** What a commit does to one document. */
export interface Change {
  path: string;
  before: Document | undefined;
  after: Document | undefined;
}

const existed = (row: Row, _key: string, time: Micros) => documentAt(row, time) !== undefined;

/** The documents directly in one collection, in the order of their names. */
export class Collection {
  readonly path: string;
  readonly id: string;
  readonly parent: string;
  readonly names = new Entries(existed, 0);

  constructor(path: string) {
    this.path = path;
    this.id = lastId(path);
    this.parent = parentPath(path);
  }

  /** The document of a key, deleted or not, as long as history knows it. */
  row(key: string): Row | undefined {
    return this.names.get(key) ?? this.names.getRetired(key);
  }

  /** Makes a document's new state the present one, and tells which it replaces. */
  change(key: string, path: string, document: Document | undefined, time: Micros): Row {
    const row = this.row(key);
    if (!row) {
      const added: Row = { path, time, document, older: undefined };
      if (document) this.names.add(key, added, time);
      return added;
    }
    const past = supersede(row, document, time);
    if (document && !past.document) this.names.add(key, row, time);
    if (!document && past.document) this.names.remove(key, row, time);
    return row;
  }
}
