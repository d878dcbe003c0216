import { Injectable } from '@nestjs/common';
import type { Caller } from './caller.js';
import { hashOf } from './token-hash.js';

/** What a token that was found to be genuine says. */
export interface VerifiedToken {
  caller: Caller;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Two generations of this many: the older one is dropped when the younger one is full. */
const GENERATION = 5_000;

/**
 * Tokens that were verified, so that the same one need not be again. At most 10,000, those longest unused dropped first;
 * none past its expiry. Only hashes of whole `Authorization` headers are kept: no token can be read from memory here.
 */
@Injectable()
export class VerifiedTokens {
  private younger = new Map<string, VerifiedToken>();
  private older = new Map<string, VerifiedToken>();

  find(authorization: string): VerifiedToken | undefined {
    const key = hashOf(authorization);
    const known = this.younger.get(key) ?? this.renew(key);
    return known && known.expiresAt > Date.now() ? known : undefined;
  }

  remember(authorization: string, token: VerifiedToken): void {
    this.keep(hashOf(authorization), token);
  }

  /** A token in use moves to the younger generation. */
  private renew(key: string): VerifiedToken | undefined {
    const known = this.older.get(key);
    if (known) this.keep(key, known);
    return known;
  }

  private keep(key: string, token: VerifiedToken): void {
    if (this.younger.size >= GENERATION) {
      this.older = this.younger;
      this.younger = new Map();
    }
    this.younger.set(key, token);
  }
}
