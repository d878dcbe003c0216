import { Injectable } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { Settings } from '../../config/settings.js';
import type { Caller } from './caller.js';
import { Keys } from './keys.js';
import type { Role } from './roles.js';

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

/** Signs access tokens; the passport strategy verifies them. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly keys: Keys,
    private readonly settings: Settings,
  ) {}

  sign(caller: Caller): { accessToken: string; expiresIn: number } {
    const expiresIn = this.settings.ACCESS_TOKEN_TTL;
    const accessToken = jwt.sign({ role: caller.role, sid: caller.sessionId }, this.keys.accessToken, {
      algorithm: 'HS256',
      subject: caller.id,
      issuer: this.settings.JWT_ISSUER,
      audience: this.settings.JWT_AUDIENCE,
      expiresIn,
    });
    return { accessToken, expiresIn };
  }
}
