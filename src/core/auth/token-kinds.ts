import { Injectable } from '@nestjs/common';
import type { VerifiedToken } from './verified-tokens.js';

/** A kind of bearer token beside the service's own access tokens. */
export interface TokenKind {
  /** Whether a text is meant as one, by its form. Nothing that it says is to be believed yet. */
  isFormOf(token: string): boolean;
  /**
   * What it says; undefined if it does not hold.
   * @throws {TypedError} if its bearer should know more than that; public routes are open to him all the same
   */
  verify(token: string): Promise<VerifiedToken | undefined>;
}

/** The kinds of bearer tokens that features add. */
@Injectable()
export class TokenKinds {
  private readonly kinds: TokenKind[] = [];

  add(kind: TokenKind): void {
    this.kinds.push(kind);
  }

  /** Undefined for what is to be an access token, or nothing. */
  find(token: string): TokenKind | undefined {
    return this.kinds.find((kind) => kind.isFormOf(token));
  }
}
