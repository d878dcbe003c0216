import type { Document } from '../document/document.ts';
import type { Micros } from '../value/types.ts';

/** A document from `time` on; none means that it was deleted then. */
interface State {
  time: Micros;
  document: Document | undefined;
  older: Version | undefined;
}

/** A state of the past. */
export interface Version extends State {
  newer: State;
}

/** A document as it is, and was: names and indexes lead to it, whatever becomes of it. */
export interface Row extends State {
  readonly path: string;
}

/** Gives a row a new state, and returns the one of the past which that leaves behind. */
export function supersede(row: Row, document: Document | undefined, time: Micros): Version {
  const past: Version = { time: row.time, document: row.document, older: row.older, newer: row };
  if (row.older) row.older.newer = past;
  row.time = time;
  row.document = document;
  row.older = past;
  return past;
}

/** The document as it was at `time`, or as it is now. */
export function documentAt(row: Row | undefined, time?: Micros): Document | undefined {
  if (time === undefined) return row?.document;
  let state: State | undefined = row;
  while (state && state.time > time) state = state.older;
  return state?.document;
}
