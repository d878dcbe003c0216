import fc from 'fast-check';
import { normalize, searchPrefixes, searchTerm } from './user-search.js';

const finds = (search: string, ...texts: string[]) => searchPrefixes(...texts).includes(searchTerm(search)!);

/** Letters of several scripts and sizes, among them those that change with case or are two code units long. */
const letter = fc.constantFrom(...'aZéÉßñŁжЖשع日本𝒜𐐀0९'.normalize('NFC'));
const word = fc.string({ unit: letter, minLength: 1, maxLength: 40 });
const separator = fc.constantFrom(' ', '  ', '-', '.', "'", '_', '+', '@');
const text = fc
  .array(fc.tuple(word, separator), { minLength: 1, maxLength: 6 })
  .map((pairs) => pairs.flat().slice(0, -1).join(''));

it('finds a text by any beginning of any of its words, in any case (U5)', () => {
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(), fc.boolean(), (given, anyWord, anyLength, upper) => {
      const words = [...normalize(given).matchAll(/[\p{L}\p{M}\p{N}]+/gu)];
      const { index, 0: chosen } = words[anyWord % words.length]!;
      const fromWord = [...normalize(given).slice(index)];
      const withinWord = fromWord.slice(0, 1 + (anyLength % [...chosen].length)).join('');
      const acrossWords = fromWord.slice(0, 1 + (anyLength % fromWord.length)).join('');
      for (const search of [withinWord, acrossWords]) {
        if (upper && search.toUpperCase().toLowerCase() !== search) continue; // ß becomes SS
        expect(finds(upper ? search.toUpperCase() : search, given)).toBe(true);
      }
    }),
  );
});

it('stores and asks for whole characters, 32 at most', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (given) => {
      const all = [...searchPrefixes(given), searchTerm(given) ?? ''];
      return all.every((prefix) => prefix.isWellFormed() && [...prefix].length <= 32);
    }),
  );
});

it.each([
  'ada',
  'ADA',
  'love',
  'ada l',
  '  ada   lovelace ',
  'king',
  'noel',
  'o',
  "o'b",
  'brien',
  'ada@ex',
  'exam',
  'com',
])('finds her by "%s"', (search) => {
  expect(finds(search, "Ada  Lovelace King-Noel O'Brien", 'ada@example.com')).toBe(true);
});

it.each(['da', 'velace', 'lovelace ada', 'noel-king', 'xample', 'ada@com', 'adam'])(
  'does not find her by "%s"',
  (search) => {
    expect(finds(search, "Ada  Lovelace King-Noel O'Brien", 'ada@example.com')).toBe(false);
  },
);

it('compares more than 32 characters by the first 32', () => {
  const long = 'Wolfeschlegelsteinhausenbergerdorff';
  expect(finds(long, long)).toBe(true);
  expect(finds(`${long}!`, long)).toBe(true);
});

it('asks for nothing when the search is blank', () => {
  expect(searchTerm('  ')).toBeUndefined();
});

it('makes no more prefixes than a document may have index entries', () => {
  const words = Array.from({ length: 500 }, (_, i) => i.toString(36)).join(' ');
  expect(searchPrefixes(words)).toHaveLength(1000);
});
