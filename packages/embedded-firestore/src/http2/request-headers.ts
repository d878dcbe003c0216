/** Headers in all, with 32 bytes for each besides its texts, as RFC 9113 counts them. */
export const MAX_HEADER_LIST_BYTES = 65_536;

const REQUIRED = [':method', ':scheme', ':path'];
const PSEUDO = new Set([...REQUIRED, ':authority']);
/** Of HTTP/1: they have no meaning here, and hide requests in requests where something passes them on. */
const OF_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** The headers of one request as they come in. */
export class RequestHeaders {
  readonly #values = new Map<string, string>();
  #bytes = 0;
  #hasRegular = false;
  #isMalformed = false;

  get isTooLarge(): boolean {
    return this.#bytes > MAX_HEADER_LIST_BYTES;
  }

  get isMalformed(): boolean {
    return this.#isMalformed || REQUIRED.some((name) => !this.#values.get(name));
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  add(name: string, value: string): void {
    this.#bytes += name.length + value.length + 32;
    if (this.isTooLarge) return;
    if (name.startsWith(':')) {
      if (this.#hasRegular || !PSEUDO.has(name) || this.#values.has(name)) this.#isMalformed = true;
    } else {
      this.#hasRegular = true;
      if (OF_CONNECTION.has(name) || (name === 'te' && value !== 'trailers')) this.#isMalformed = true;
    }
    this.#values.set(name, value);
  }
}
