/*
 * The code of RFC 7541, appendix B. It is canonical: the lengths of its words tell the words themselves, shorter ones
 * first and, among those of one length, in the order of what they stand for.
 */

const SHORTEST = 5;
const LONGEST = 30;
/** How many bits the word of each byte has, and that of the end of a text: `a` is 5, `b` is 6 ... */
const LENGTHS =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix' +
  'prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz';
const END = 256;

/** Two entries for each inner node, for a 0 and a 1 to come: the next node, or what the word stands for, negated. */
const tree = buildTree();
let decoded = Buffer.allocUnsafe(512);

function buildTree(): Int16Array {
  const nodes = new Int16Array(2 * END);
  let used = 1;
  let word = 0;
  const add = (symbol: number, length: number) => {
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + ((word >>> bit) & 1);
      if (nodes[at] === 0) nodes[at] = used++;
      node = nodes[at]!;
    }
    nodes[2 * node + (word & 1)] = ~symbol;
    word++;
  };
  for (let length = SHORTEST; length <= LONGEST; length++, word *= 2) {
    for (let symbol = 0; symbol <= END; symbol++) {
      if (LENGTHS.charCodeAt(symbol) - 97 + SHORTEST === length) add(symbol, length);
    }
  }
  return nodes;
}

/** The bytes that a text stands for, as latin1; undefined when it is none of this code. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  const longest = Math.floor(((end - start) * 8) / SHORTEST);
  if (longest > decoded.length) decoded = Buffer.allocUnsafe(2 * longest);
  let length = 0;
  let node = 0;
  /** Bits since the last whole word, and whether all of them are ones, as they must be at the end. */
  let bits = 0;
  let onlyOnes = true;
  for (let at = start; at < end; at++) {
    for (let bit = 7; bit >= 0; bit--) {
      const value = (bytes[at]! >>> bit) & 1;
      const next = tree[2 * node + value]!;
      bits++;
      onlyOnes &&= value === 1;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (next === ~END) return undefined;
      decoded[length++] = ~next;
      node = bits = 0;
      onlyOnes = true;
    }
  }
  return bits > 7 || !onlyOnes ? undefined : decoded.toString('latin1', 0, length);
}
