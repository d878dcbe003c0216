import { createLocalJWKSet, errors, type JWTHeaderParameters, jwtVerify, type JWTVerifyOptions } from 'jose';
import passport from 'passport';
import { ExtractJwt } from 'passport-jwt';
import type { Settings } from '../../config/settings.js';
import { ACCESS_TOKEN_TYPE, readClaims } from './access-tokens.js';
import type { Keys } from './keys.js';

const bearerTokenOf = ExtractJwt.fromAuthHeaderAsBearerToken();

/**
 * Verifies access tokens that one of `JWT_KEYS` signed: signature, algorithm, type, issuer, audience, times. The `kid`
 * picks the key and the key has one algorithm; nothing else in the header is believed. In the place of passport-jwt, whose
 * jsonwebtoken knows no EdDSA.
 */
export class PublicKeyStrategy extends passport.Strategy {
  private readonly keys: ReturnType<typeof createLocalJWKSet>;
  private readonly options: JWTVerifyOptions;

  constructor(keys: Keys, settings: Settings) {
    super();
    this.keys = createLocalJWKSet({ keys: [...keys.publicKeys] });
    this.options = {
      algorithms: keys.publicKeys.map(({ alg }) => alg),
      typ: ACCESS_TOKEN_TYPE,
      issuer: settings.JWT_ISSUER,
      audience: settings.JWT_AUDIENCE,
    };
    passport.use('jwt', this);
  }

  override authenticate(request: Parameters<typeof bearerTokenOf>[0]): void {
    const token = bearerTokenOf(request) ?? '';
    void jwtVerify(token, (header, jws) => this.keys(withKid(header), jws), this.options).then(
      ({ payload }) => {
        const verified = readClaims(payload);
        if (verified) this.success(verified);
        else this.fail(401);
      },
      () => this.fail(401),
    );
  }
}

/** A key set would take its only key for a token that names none. */
function withKid(header: JWTHeaderParameters): JWTHeaderParameters {
  if (typeof header.kid === 'string') return header;
  throw new errors.JWKSNoMatchingKey();
}
