import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../../config/settings.js';
import type { AccessTokenClaims } from './access-tokens.js';
import { Keys } from './keys.js';
import { ROLES } from './roles.js';
import type { VerifiedToken } from './verified-tokens.js';

/** Verifies `Authorization: Bearer <access token>`: signature, algorithm, issuer, audience, expiry. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(keys: Keys, settings: Settings) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // passport-jwt's types know strings only; it hands the key to jsonwebtoken, which prefers a KeyObject.
      secretOrKey: keys.accessToken as unknown as string,
      algorithms: ['HS256'],
      issuer: settings.JWT_ISSUER,
      audience: settings.JWT_AUDIENCE,
    });
  }

  /** Reads verified claims; `false` refuses a token of ours that was not made for access. */
  validate(claims: Partial<AccessTokenClaims>): VerifiedToken | false {
    const { sub, role, sid, exp } = claims;
    if (!sub || !sid || !exp || !role || !ROLES.includes(role)) return false;
    return { caller: { id: sub, role, sessionId: sid }, expiresAt: exp * 1000 };
  }
}
