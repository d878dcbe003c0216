import { decodeHuffman } from './huffman.ts';
import { Code, ConnectionError } from './protocol.ts';

/* HPACK, RFC 7541: most headers of a call are the same as those of the call before it, and come as references. */

export type Header = readonly [name: string, value: string];

const TABLE_BYTES = 4_096;
/** What RFC 7541 counts for an entry besides its texts. */
const ENTRY_BYTES = 32;
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const BAD_VALUE = /[\0\r\n]/;

const STATIC: readonly Header[] = (
  ':authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204|' +
  ':status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate|' +
  'accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|' +
  'content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|' +
  'cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|' +
  'last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|' +
  'server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry) => {
    const [name = '', ...value] = entry.split(' ');
    return [name, value.join(' ')];
  });

/** Reads the headers of one connection: what it has seen before, later ones refer to. */
export class HeaderDecoder {
  /** Oldest first; clients count from the newest. */
  readonly #dynamic: Header[] = [];
  #size = 0;
  #capacity = TABLE_BYTES;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws {ConnectionError} when the block makes no sense: nothing after it could be understood. */
  decode(block: Buffer, onHeader: (name: string, value: string) => void): void {
    this.#block = block;
    this.#at = 0;
    let isFirst = true;
    while (this.#at < block.length) {
      const byte = block[this.#at]!;
      if ((byte & 0xe0) === 0x20) {
        if (!isFirst) throw malformed('a change of the table in the middle');
        this.#resize(this.#integer(5));
        continue;
      }
      isFirst = false;
      const [name, value] = this.#header(byte);
      onHeader(name, value);
    }
  }

  #header(byte: number): Header {
    if (byte & 0x80) return this.#entry(this.#integer(7));
    const isKept = (byte & 0x40) !== 0;
    const index = this.#integer(isKept ? 6 : 4);
    const name = index === 0 ? this.#name() : this.#entry(index)[0];
    const value = this.#text();
    if (BAD_VALUE.test(value)) throw new ConnectionError(Code.protocolError, 'a header has a line break');
    const header: Header = [name, value];
    if (isKept) this.#keep(header);
    return header;
  }

  #entry(index: number): Header {
    const entry =
      index <= STATIC.length
        ? STATIC[index - 1]
        : this.#dynamic[this.#dynamic.length + STATIC.length - index];
    if (!entry) throw malformed(`no entry ${index}`);
    return entry;
  }

  #keep(header: Header): void {
    const bytes = bytesOf(header);
    this.#evict(this.#capacity - bytes);
    if (bytes > this.#capacity) return;
    this.#dynamic.push(header);
    this.#size += bytes;
  }

  #resize(capacity: number): void {
    if (capacity > TABLE_BYTES) throw malformed('a table larger than allowed');
    this.#capacity = capacity;
    this.#evict(capacity);
  }

  #evict(allowed: number): void {
    while (this.#size > allowed && this.#dynamic.length > 0) this.#size -= bytesOf(this.#dynamic.shift()!);
  }

  #name(): string {
    const name = this.#text();
    if (!NAME.test(name)) throw new ConnectionError(Code.protocolError, 'a header has a bad name');
    return name;
  }

  #text(): string {
    const isHuffman = (this.#byte() & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#block.length) throw malformed('a text longer than its block');
    this.#at = end;
    if (!isHuffman) return this.#block.toString('latin1', start, end);
    const text = decodeHuffman(this.#block, start, end);
    if (text === undefined) throw malformed('a text that is no Huffman code');
    return text;
  }

  /** A number that begins in the last `bits` of the next byte. */
  #integer(bits: number): number {
    const limit = (1 << bits) - 1;
    let value = this.#byte() & limit;
    this.#at++;
    if (value < limit) return value;
    for (let factor = 1; factor <= 2 ** 21; factor *= 128) {
      const byte = this.#byte();
      this.#at++;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw malformed('a number beyond all sizes');
  }

  #byte(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw malformed('an end in the middle');
    return byte;
  }
}

function bytesOf([name, value]: Header): number {
  return name.length + value.length + ENTRY_BYTES;
}

function malformed(what: string): ConnectionError {
  return new ConnectionError(Code.compressionError, `the headers have ${what}`);
}
