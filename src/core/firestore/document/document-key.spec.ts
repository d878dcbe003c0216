import fc from 'fast-check';
import { decodeKey, encodeKey, keyRange, type KeyPart } from './document-key.js';

const text: KeyPart = { property: 'text', isNumber: false, auto: false };
const number: KeyPart = { property: 'number', isNumber: true, auto: false };

/** Characters that the encoding treats apart, among ordinary ones. */
const string = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...'\0 !"#.-/~}_a0|é\u{10FFFF}'), maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  .filter((each) => each.isWellFormed());
const integer = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.maxSafeInteger());

const key = fc.tuple(string, integer, string);
const parts = [text, number, text];
type Tuple = [string, number, string];

/** As Firestore orders ids: by their UTF-8 bytes. */
const compareIds = (a: string, b: string) => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));

function compareKeys(a: Tuple, b: Tuple): number {
  return compareIds(a[0], b[0]) || Math.sign(a[1] - b[1]) || compareIds(a[2], b[2]);
}

describe('keys (D2)', () => {
  it('come back from their ids', () => {
    fc.assert(
      fc.property(key, (values) => expect(decodeKey(parts, encodeKey(parts, values))).toEqual(values)),
    );
    fc.assert(
      fc.property(string, (value) => expect(decodeKey([text], encodeKey([text], [value]))).toEqual([value])),
    );
    fc.assert(
      fc.property(integer, (value) =>
        expect(decodeKey([number], encodeKey([number], [value]))).toEqual([value]),
      ),
    );
  });

  it('sort as their ids do', () => {
    fc.assert(
      fc.property(key, key, (a, b) =>
        expect(compareIds(encodeKey(parts, a), encodeKey(parts, b))).toBe(compareKeys(a, b)),
      ),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(string, string, (a, b) =>
        expect(compareIds(encodeKey([text], [a]), encodeKey([text], [b]))).toBe(compareIds(a, b)),
      ),
      { numRuns: 1000 },
    );
  });

  it('that begin alike are one range', () => {
    fc.assert(
      fc.property(key, key, fc.nat(2), (begin, other, count) => {
        const [from, to] = keyRange(parts, begin.slice(0, count || 1));
        const id = encodeKey(parts, other);
        const isInside = compareIds(id, from) >= 0 && compareIds(id, to) < 0;
        expect(isInside).toBe(begin.slice(0, count || 1).every((value, index) => value === other[index]));
      }),
      { numRuns: 1000 },
    );
  });

  it('make ids that Firestore takes', () => {
    fc.assert(
      fc.property(string, (value) => {
        const id = encodeKey([text], [value]);
        expect(id).not.toMatch(/^(?:|\.|\.\.|__.*__)$|\//su);
      }),
    );
    expect(['', '.', '..', '__a__'].map((value) => encodeKey([text], [value]))).toEqual([
      '!',
      '.!',
      '..!',
      '__a__!',
    ]);
  });

  it('leave usual strings readable', () => {
    const usual = ['01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f', 'ada.l+x@example.com', 'Zoë'];
    expect(usual.map((value) => encodeKey([text], [value]))).toEqual(usual);
    expect(encodeKey(parts, ['a/b', 2026, 'x y'])).toBe('a.~~b!d2026!x"Py');
  });

  it.each([
    ['a missing part', [undefined, 1, 'a'], '"text" is part of the key'],
    ['a fraction', ['a', 1.5, 'a'], '"number" is part of the key and must be a whole number'],
    ['a number for a string', [1, 1, 'a'], '"text"'],
    ['half a surrogate pair', ['\ud800', 1, 'a'], 'valid Unicode'],
    ['too many bytes', ['é'.repeat(751), 1, 'a'], 'more than 1500 bytes'],
  ])('are refused: %s', (_name, values, message) => {
    expect(() => encodeKey(parts, values)).toThrow(message);
  });
});
