import type { Micros } from '../value/types.ts';
import type { Row } from './row.ts';
import { SortedMap } from './sorted-map.ts';

/** Keys with `from <= key`, and `key < to` where there is an end. */
export interface Range {
  from: string;
  to: string | undefined;
}

export const EVERYTHING: Range = { from: '', to: undefined };

interface Retired {
  row: Row;
  /** When the entry stopped to be true. */
  until: Micros;
}

interface Change {
  key: string;
  time: Micros;
  isAdded: boolean;
}

/** As many changes of the latest past are known at least: enough for the life of a request. */
const RECENT = 4_096;
/** So many entries are looked at as quickly as changes would be kept. */
const FEW = 8;
/** Shared by those that have lost no entry yet: of small collections there are many. */
const NONE = new SortedMap<Retired>();

/**
 * Keys in order and the rows they stand for. Entries of the present are exact, so that a read of now needs no look at the
 * documents; entries of the past are kept beside them for reads at a time, as long as history goes back.
 */
export class Entries {
  #current = new SortedMap<Row>();
  #retired = NONE;
  #retirements: { key: string; until: Micros }[] = [];
  /** The latest changes, with which the number of entries at a time is worked out of that of now. */
  #recent: Change[] = [];
  /** All later changes are among the recent ones. */
  #recentSince: Micros;
  #changedAt: Micros;
  #changes = 0;
  readonly #wasThere: (row: Row, key: string, time: Micros) => boolean;

  /** `wasThere` tells by the document of that time; `since` is when these entries begin to be kept. */
  constructor(wasThere: (row: Row, key: string, time: Micros) => boolean, since: Micros) {
    this.#wasThere = wasThere;
    this.#recentSince = since;
    this.#changedAt = since;
  }

  get size(): number {
    return this.#current.size;
  }

  get(key: string): Row | undefined {
    return this.#current.get(key);
  }

  getRetired(key: string): Row | undefined {
    return this.#retired.get(key)?.row;
  }

  /** Rows that had an entry once, as far as history goes back. */
  retiredRows(): Row[] {
    return [...this.#retired.range()].map(([, { row }]) => row);
  }

  /** Puts an entry in place that has always been there, as far as anybody can ask. */
  put(key: string, row: Row): void {
    this.#current.set(key, row);
  }

  /** Takes an entry away that nobody can have seen. */
  drop(key: string): void {
    this.#current.delete(key);
  }

  /** Takes over what was built of the present. */
  replace(current: SortedMap<Row>): void {
    this.#current = current;
  }

  add(key: string, row: Row, time: Micros): void {
    this.#current.set(key, row);
    this.#changed({ key, time, isAdded: true });
  }

  remove(key: string, row: Row, time: Micros): void {
    this.#current.delete(key);
    this.retire(key, row, time);
    this.#changed({ key, time, isAdded: false });
  }

  retire(key: string, row: Row, until: Micros): void {
    const known = this.#retired.get(key);
    if (known && known.until >= until) return;
    if (this.#retired === NONE) this.#retired = new SortedMap();
    this.#retired.set(key, { row, until });
    this.#retirements.push({ key, until });
  }

  /** Drops entries that no read can ask for any more. */
  forgetBefore(time: Micros): void {
    const kept = this.#retirements.findIndex(({ until }) => until > time);
    const gone = this.#retirements.splice(0, kept === -1 ? this.#retirements.length : kept);
    for (const { key, until } of gone) {
      if (this.#retired.get(key)?.until === until) this.#retired.delete(key);
    }
  }

  first(count: number, start?: string): [string, Row][] {
    return this.#current.first(count, start);
  }

  /** Entries of now, while nothing changes, or of a time, which stay the same whatever changes meanwhile. */
  range(range: Range, reverse = false, time?: Micros): Generator<[string, Row], void> {
    if (time === undefined) return this.#current.range(range.from, range.to, reverse);
    return this.#steadyRange(range, reverse, time);
  }

  *#steadyRange({ from, to }: Range, reverse: boolean, time: Micros): Generator<[string, Row], void> {
    let left: Range | undefined = { from, to };
    while (left) {
      const changes = this.#changes;
      const entries: Iterable<[string, Row]> = this.#isAsOf(time)
        ? this.#current.range(left.from, left.to, reverse)
        : this.#rangeAt(left, reverse, time);
      left = undefined;
      for (const entry of entries) {
        yield entry;
        if (this.#changes === changes) continue;
        left = reverse ? { from, to: entry[0] } : { from: `${entry[0]}\0`, to };
        break;
      }
    }
  }

  /** How many entries a range has; undefined when it takes a look at them to tell. */
  count({ from, to }: Range, time?: Micros): number | undefined {
    const now = (to === undefined ? this.size : this.#current.rank(to)) - this.#current.rank(from);
    if (this.#isAsOf(time)) return now;
    if (time! < this.#recentSince) return undefined;
    let count = now;
    for (const [key, wasThere] of this.#changedSince(time!, { from, to }))
      count += Number(wasThere) - Number(this.#current.get(key) !== undefined);
    return count;
  }

  /** The range without its first entries, or its last ones; undefined when it takes a look at them to tell. */
  skip({ from, to }: Range, count: number, reverse: boolean, time?: Micros): Range | undefined {
    if (!this.#isAsOf(time)) return undefined;
    if (!reverse) return { from: this.#current.keyAt(this.#current.rank(from) + count)!, to };
    const end = to === undefined ? this.size : this.#current.rank(to);
    return { from, to: this.#current.keyAt(end - count) };
  }

  #isAsOf(time: Micros | undefined): boolean {
    return time === undefined || time >= this.#changedAt;
  }

  /** The keys that have changed since a time not before the recent past, and whether they were there then. */
  #changedSince(time: Micros, { from, to }: Range): Map<string, boolean> {
    const changed = new Map<string, boolean>();
    const later = this.#recent.findLastIndex((change) => change.time <= time) + 1;
    for (let at = later; at < this.#recent.length; at++) {
      const { key, isAdded } = this.#recent[at]!;
      if (key < from || (to !== undefined && key >= to) || changed.has(key)) continue;
      // What the first change has added was not there, what it has removed was.
      changed.set(key, !isAdded);
    }
    return changed;
  }

  /** What was there at a time and is not any more, in order. */
  *#retiredSince(time: Micros, range: Range, reverse: boolean): Generator<[string, Row]> {
    if (time < this.#recentSince) {
      for (const [key, { row, until }] of this.#retired.range(range.from, range.to, reverse))
        if (until > time) yield [key, row];
      return;
    }
    const keys = [...this.#changedSince(time, range)].flatMap(([key, wasThere]) => (wasThere ? key : []));
    keys.sort();
    for (const key of reverse ? keys.reverse() : keys) yield [key, this.#retired.get(key)!.row];
  }

  #changed(change: Change): void {
    this.#changes++;
    this.#changedAt = change.time;
    if (this.size + this.#retired.size <= FEW) {
      this.#recentSince = change.time;
      return;
    }
    this.#recent.push(change);
    if (this.#recent.length < 2 * RECENT) return;
    this.#recentSince = this.#recent[RECENT - 1]!.time;
    this.#recent = this.#recent.slice(RECENT);
  }

  *#rangeAt({ from, to }: Range, reverse: boolean, time: Micros): Generator<[string, Row]> {
    const isBefore = (a: string, b: string) => (reverse ? a > b : a < b);
    const current = this.#current.range(from, to, reverse);
    let next = current.next();
    for (const [key, row] of this.#retiredSince(time, { from, to }, reverse)) {
      for (; !next.done && isBefore(next.value[0], key); next = current.next())
        if (this.#isThere(next.value, time)) yield next.value;
      const isKnown = !next.done && next.value[0] === key;
      if (!isKnown && this.#wasThere(row, key, time)) yield [key, row];
    }
    for (; !next.done; next = current.next()) if (this.#isThere(next.value, time)) yield next.value;
  }

  #isThere([key, row]: [string, Row], time: Micros): boolean {
    return row.time <= time || this.#wasThere(row, key, time);
  }
}
