import { hash, timingSafeEqual } from 'node:crypto';

/** What is stored of a token. A fast hash will do: nobody guesses 256 bits. */
export function hashOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** @param tokenHash as stored; empty matches nothing */
export function matches(token: string, tokenHash: string): boolean {
  const [presented, stored] = [Buffer.from(hashOf(token)), Buffer.from(tokenHash)];
  return presented.length === stored.length && timingSafeEqual(presented, stored);
}
