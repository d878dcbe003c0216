/** The form in which texts are compared: without surrounding blanks, in lower case, each character written one way. */
export function normalize(text: string): string {
  return text.trim().toLowerCase().normalize('NFC');
}

/** Longer searches are cut: what follows hardly narrows the result, and each prefix is an index entry. */
const LONGEST_PREFIX = 32;
/** Firestore allows 40,000 index entries a document, and each prefix is in up to nine indexes. */
const MOST_PREFIXES = 1000;

const WORD_START = /(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]/gu;

/**
 * All that a user is found by: each beginning of his texts, and of the rest of a text from any word on. So one
 * `array-contains` answers "ada", "lov" and "ada lov", of an index, at a cost that does not grow with the number of users.
 */
export function searchPrefixes(...texts: string[]): string[] {
  const prefixes = new Set(texts.map(searchable).flatMap(suffixes).flatMap(beginnings));
  return [...prefixes].slice(0, MOST_PREFIXES);
}

/** The entry of {@link searchPrefixes} that a search asks for; undefined when it asks for nothing. */
export function searchTerm(search: string): string | undefined {
  return beginnings(searchable(search)).at(-1);
}

function searchable(text: string): string {
  return normalize(text).replaceAll(/\s+/g, ' ');
}

function suffixes(text: string): string[] {
  return [text, ...[...text.matchAll(WORD_START)].map(({ index }) => text.slice(index))];
}

function beginnings(text: string): string[] {
  const characters = [...text].slice(0, LONGEST_PREFIX); // code points: half a surrogate pair cannot be stored
  return characters.map((_character, index) => characters.slice(0, index + 1).join(''));
}
