import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../../config/settings.js';
import { type AccessTokenClaims, readClaims } from './access-tokens.js';
import { Keys } from './keys.js';
import type { VerifiedToken } from './verified-tokens.js';

/** Verifies access tokens that `JWT_SECRET` signed: signature, algorithm, issuer, audience, times. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(keys: Keys, settings: Settings) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // passport-jwt's types know strings only; it hands the key to jsonwebtoken, which prefers a KeyObject.
      secretOrKey: keys.signer.key as unknown as string,
      algorithms: ['HS256'],
      issuer: settings.JWT_ISSUER,
      audience: settings.JWT_AUDIENCE,
    });
  }

  validate(claims: Partial<AccessTokenClaims>): VerifiedToken | false {
    return readClaims(claims);
  }
}
