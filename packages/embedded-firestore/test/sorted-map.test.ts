import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyHeap } from '../src/storage/key-heap.ts';
import { SortedMap } from '../src/storage/sorted-map.ts';
import { writeValue } from '../src/value/value-key.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 300);
const PATIENCE_MS = 30_000 + RUNS * 100;

/** Enough of them for several levels, and few enough to meet again. */
const key = fc.integer({ min: 0, max: 99_999 }).map((n) => String(n).padStart(5, '0'));
const run = fc.record({
  from: fc.integer({ min: 0, max: 99_999 }),
  count: fc.integer({ min: 1, max: 3_000 }),
});
const step = fc.oneof(
  fc.record({
    kind: fc.constantFrom('add' as const, 'remove' as const),
    run,
    by: fc.constantFrom(-7, -1, 1, 13),
  }),
  fc.record({ kind: fc.constant('ask' as const), from: key, to: fc.option(key, { nil: undefined }) }),
);

function compare(
  map: SortedMap<number>,
  model: Map<string, number>,
  from: string,
  to: string | undefined,
): void {
  const all = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
  const within = all.filter(([k]) => k >= from && (to === undefined || k < to));
  const before = all.filter(([k]) => k < from).length;
  expect(map.size).toBe(all.length);
  expect(map.get(from)).toBe(model.get(from));
  expect(map.rank(from)).toBe(before);
  expect(map.keyAt(before)).toBe(all[before]?.[0]);
  expect([...map.range(from, to)].join()).toBe(within.join());
  expect([...map.range(from, to, true)].join()).toBe(within.reverse().join());
}

describe('the sorted map', () => {
  it(
    'holds, counts and finds by place what a plain map holds',
    () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
          const map = new SortedMap<number>();
          const model = new Map<string, number>();
          for (const action of steps) {
            if (action.kind === 'ask') {
              compare(map, model, action.from, action.to);
              continue;
            }
            for (let n = 0; n < action.run.count; n++) {
              const at = (action.run.from + n * action.by + 1_000_000) % 100_000;
              const name = String(at).padStart(5, '0');
              if (action.kind === 'add') {
                map.set(name, n);
                model.set(name, n);
              } else {
                expect(map.delete(name)).toBe(model.delete(name));
              }
            }
          }
          compare(map, model, '', undefined);
        }),
        { numRuns: Math.ceil(RUNS / 15) },
      );
    },
    PATIENCE_MS,
  );

  it('made of sorted leaves is as good as one filled entry by entry', () => {
    const keys = Array.from({ length: 100_000 }, (_, n) => String(n * 2).padStart(6, '0'));
    const parts = [];
    for (let from = 0; from < keys.length; from += 256) {
      const part = keys.slice(from, from + 256);
      const ends = Uint32Array.from(part, (_, at) => (at + 1) * 6);
      parts.push({ keys: { bytes: Buffer.from(part.join('')), ends }, values: part.map(Number) });
    }
    const map = SortedMap.of(parts);
    const model = new Map(keys.map((name) => [name, Number(name)]));
    for (let n = 1; n < 199_999; n += 61) {
      const name = String(n).padStart(6, '0');
      if (n % 2 === 0) {
        expect(map.delete(name)).toBe(model.delete(name));
      } else {
        map.set(name, n);
        model.set(name, n);
      }
    }
    compare(map, model, '', undefined);
    compare(map, model, '051111', '140000');
  });
});

describe('the heap of keys', () => {
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 20 }),
    fc.double({ noNaN: true }),
    fc.constantFrom(true, false, null),
  );

  it('is sorted as strings are, with what is there twice side by side', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 300 }),
        fc.integer({ min: 0, max: 60_000 }),
        (values, length) => {
          const keys = new KeyHeap();
          const written: string[] = [];
          // A long one among them, that the blocks end in the midst of the short ones.
          for (const one of [...values, 'x'.repeat(length * 20), ...values, ...values.toReversed()]) {
            const from = keys.begin();
            writeValue(keys.writer, one);
            written.push(keys.writer.toString().slice(from));
          }
          for (const _ of keys.sort());
          const places = [...written.keys()];
          const { bytes, ends } = keys.pack(places.map((place) => keys.numberAt(place)));
          const sorted = places.map((at) => bytes.toString('latin1', at === 0 ? 0 : ends[at - 1], ends[at]));
          expect(sorted).toEqual([...written].sort());
          for (const place of places.slice(1))
            expect(keys.isSameAsBefore(place)).toBe(sorted[place] === sorted[place - 1]);
        },
      ),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });
});
