import fc from 'fast-check';
import { Timestamp } from 'firebase-admin/firestore';
import { type Change, changesBetween } from './document-changes.js';
import { storedValue } from './stored-form.js';

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      null,
      1,
      2,
      'a',
      true,
      new Timestamp(1, 0),
      new Timestamp(2, 0),
      new Date(1),
      new Date(2),
      Buffer.from('a'),
    ),
    fc.array(tie('any'), { maxLength: 2 }),
    tie('map'),
  ),
  map: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('any'), { noNullPrototype: true }),
}));
const map = value.map;

const copy = storedValue as <Value>(value: Value) => Value;

/** As Firestore applies an update with a mask. */
function apply(document: Record<string, unknown>, { path: [name, ...rest], value }: Change): void {
  if (rest.length > 0) {
    apply((document[name!] ??= {}) as Record<string, unknown>, { path: rest, value });
  } else if (value === undefined) delete document[name!];
  else document[name!] = value;
}

describe('changesBetween (D6)', () => {
  it('finds what turns one document into the other', () => {
    fc.assert(
      fc.property(map, map, (before, after) => {
        const document = copy(before);
        for (const change of changesBetween(before, after)) apply(document, copy(change));
        expect(document).toEqual(copy(after));
      }),
    );
  });

  it('finds nothing between equals', () => {
    fc.assert(fc.property(map, (document) => expect(changesBetween(document, copy(document))).toEqual([])));
  });

  it('names nested fields by their paths, arrays whole', () => {
    const before = { a: { b: 1, c: 2 }, list: [{ x: 1 }, 2], gone: 1 };
    const after = { a: { b: 1, c: 3, d: { e: 1 } }, list: [{ x: 2 }, 2] };
    expect(changesBetween(before, after)).toEqual([
      { path: ['gone'], value: undefined },
      { path: ['a', 'c'], value: 3 },
      { path: ['a', 'd'], value: { e: 1 } },
      { path: ['list'], value: [{ x: 2 }, 2] },
    ]);
  });
});
