import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import type { Caller } from './caller.js';
import { Keys } from './keys.js';
import { type Role, ROLES } from './roles.js';
import type { VerifiedToken } from './verified-tokens.js';

/** The claims of an access token (RFC 7519). */
export interface AccessTokenClaims {
  /** User id. */
  sub: string;
  role: Role;
  /** Session id. */
  sid: string;
  iat: number;
  exp: number;
}

/** The media type that says in a token's header what it is for (RFC 9068): no other kind of token will do. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** Signs access tokens; the passport strategies verify them. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly keys: Keys,
    private readonly settings: Settings,
  ) {}

  async sign({ id, role, sessionId }: Caller): Promise<{ accessToken: string; expiresIn: number }> {
    const { SignJWT } = await import('jose');
    const { algorithm, key, kid } = this.keys.signer;
    const expiresIn = this.settings.ACCESS_TOKEN_TTL;
    const issuedAt = Math.floor(Date.now() / 1000);
    const accessToken = await new SignJWT({ role, sid: sessionId })
      .setProtectedHeader({ alg: algorithm, typ: ACCESS_TOKEN_TYPE, ...(kid && { kid }) })
      .setSubject(id)
      .setIssuer(this.settings.JWT_ISSUER)
      .setAudience(this.settings.JWT_AUDIENCE)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + expiresIn)
      .sign(key);
    return { accessToken, expiresIn };
  }
}

/** Reads the claims of a token whose signature, issuer, audience and times hold; `false` if it was not made for access. */
export function readClaims({ sub, role, sid, exp }: Partial<AccessTokenClaims>): VerifiedToken | false {
  if (!sub || !sid || !exp || !role || !ROLES.includes(role)) return false;
  return { caller: { id: sub, role, sessionId: sid }, expiresAt: exp * 1000 };
}
