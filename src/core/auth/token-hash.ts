import { createHash, timingSafeEqual } from 'node:crypto';

/** What is stored of a token. A fast hash will do: nobody guesses 256 bits. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** @param hash as stored; empty matches nothing */
export function matches(token: string, hash: string): boolean {
  const [presented, stored] = [Buffer.from(hashOf(token)), Buffer.from(hash)];
  return presented.length === stored.length && timingSafeEqual(presented, stored);
}
