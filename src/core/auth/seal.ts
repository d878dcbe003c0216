import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Keys } from './keys.js';

/** In base64url: 128 bits. */
const SEAL_LENGTH = 22;

/**
 * Marks the tokens that this service made. Whoever makes one up, even of an id that exists, is told off without a database
 * read and has no effect on what the id stands for.
 */
export class Seal {
  private readonly key: Buffer;

  /** @param purpose a seal for one does not do for another */
  constructor(keys: Keys, purpose: string) {
    this.key = keys.derive(`${purpose} seal`, 32);
  }

  put(text: string): string {
    return text + this.of(text);
  }

  /** In constant time. */
  isOn(sealed: string): boolean {
    const given = Buffer.from(sealed.slice(-SEAL_LENGTH));
    const right = Buffer.from(this.of(sealed.slice(0, -SEAL_LENGTH)));
    return given.length === right.length && timingSafeEqual(given, right);
  }

  private of(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url').slice(0, SEAL_LENGTH);
  }
}
