/** One property of a document's key. */
export interface KeyPart {
  property: string;
  isNumber: boolean;
  /** Whether the repository makes it for a new document. */
  auto: boolean;
}

export type KeyValue = string | number;

/** Between the parts. Lower than every character that a part's encoding uses, so that ids sort as tuples do. */
const SEPARATOR = '!';
/** Firestore keeps these ids, and the empty one, for itself. */
const RESERVED = /^(?:|\.|\.\.|__.*__)$/su;
const MOST_BYTES = 1500;

/**
 * The document id of a key. Different keys have different ids, and ids sort (by their UTF-8 bytes, as Firestore does)
 * as the keys do, part by part. Usual strings stay readable: `ada@example.com`, or `team-1!ada` for two parts.
 *
 * @throws {Error} if a part is missing, is no whole number, cannot be stored, or the id has more than 1,500 bytes
 */
export function encodeKey(parts: readonly KeyPart[], values: readonly unknown[]): string {
  const id = parts.map((part, index) => encodePart(part, values[index])).join(SEPARATOR);
  const allowed = RESERVED.test(id) ? id + SEPARATOR : id;
  if (Buffer.byteLength(allowed) > MOST_BYTES) {
    throw new Error(`The key (${namesOf(parts)}) makes an id of more than ${MOST_BYTES} bytes.`);
  }
  return allowed;
}

/** The values that {@link encodeKey} made the id of. An id that it did not make gives its parts as they are. */
export function decodeKey(parts: readonly KeyPart[], id: string): KeyValue[] {
  const encoded = id.split(SEPARATOR);
  return parts.map(({ isNumber }, index) =>
    isNumber ? decodeNumber(encoded[index] ?? '') : decodeString(encoded[index] ?? ''),
  );
}

/** First id, and first id after, of all keys that begin with these values; fewer values than parts. */
export function keyRange(parts: readonly KeyPart[], values: readonly unknown[]): [from: string, to: string] {
  const prefix = values.map((value, index) => encodePart(parts[index]!, value)).join(SEPARATOR);
  return [prefix + SEPARATOR, `${prefix}"`]; // the character after the separator
}

function encodePart({ property, isNumber }: KeyPart, value: unknown): string {
  if (isNumber && Number.isSafeInteger(value)) return encodeNumber(value as number);
  if (!isNumber && typeof value === 'string' && value.isWellFormed()) return encodeString(value);
  const wanted = isNumber ? 'a whole number' : 'a string of valid Unicode';
  throw new Error(`"${property}" is part of the key and must be ${wanted}.`);
}

/**
 * Characters up to `"` (the separator among them) become `"` and a character 48 places up. "/", which no id may hold,
 * becomes ".~~": between "." and "0", where it sorts. A "." that something as high as "~" follows gives way to it.
 */
function encodeString(text: string): string {
  return text
    .replace(/\/|\.(?=[~-\u{10FFFF}])/gu, (character) => (character === '/' ? '.~~' : '.~}'))
    .replace(/[\0-"]/g, (character) => `"${String.fromCharCode(character.charCodeAt(0) + 48)}`);
}

function decodeString(encoded: string): string {
  return encoded
    .replace(/"(.)/gs, (_match, character: string) => String.fromCharCode(character.charCodeAt(0) - 48))
    .replace(/\.~([~}])/g, (_match, kind: string) => (kind === '~' ? '/' : '.'));
}

/** The number of digits as a letter, then the digits: 2026 is `d2026`. Negative ones mirrored: -1 is `Z8`. */
function encodeNumber(value: number): string {
  const digits = String(Math.abs(value));
  if (value >= 0) return String.fromCharCode(96 + digits.length) + digits;
  return String.fromCharCode(91 - digits.length) + complement(digits);
}

function decodeNumber(encoded: string): number {
  const digits = encoded.slice(1);
  return encoded < 'a' ? -Number(complement(digits)) : Number(digits);
}

const complement = (digits: string) => digits.replace(/\d/g, (digit) => String(9 - Number(digit)));

const namesOf = (parts: readonly KeyPart[]) => parts.map(({ property }) => property).join(', ');
