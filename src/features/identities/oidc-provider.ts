import { Injectable, Logger } from '@nestjs/common';
import { IsString, IsUrl } from 'class-validator';
import type { JWTPayload, RemoteJWKSet } from 'jose';
import { Settings } from '../../config/settings.js';
import { ServiceUnavailable } from '../../core/errors/errors.js';
import { HttpClient } from '../../core/http-client/http-client.js';
import type { IdentityClaims, IdentityProvider } from './identity-provider.js';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** Seconds by which the issuer's clock may differ. */
const CLOCK_TOLERANCE = 5;
/** What says that the issuer did not answer as it should, not that the token is bad. */
const UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

/** What an issuer says of itself (OpenID Connect Discovery, 3). */
class Discovery {
  @IsString()
  issuer: string;

  @IsUrl({ require_tld: false })
  jwks_uri: string;
}

/**
 * Any OpenID Connect issuer: its keys are found by discovery and kept; a `kid` that is not among them has them fetched
 * again, twice a minute at most.
 */
@Injectable()
export class OidcProvider implements IdentityProvider {
  readonly issuer: string;
  private readonly logger = new Logger(OidcProvider.name);
  private keys: Promise<RemoteJWKSet> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly http: HttpClient,
  ) {
    this.issuer = settings.OIDC_ISSUER!;
  }

  async verify(token: string): Promise<IdentityClaims | undefined> {
    const { errors, jwtVerify } = await import('jose');
    const audience = this.settings.OIDC_AUDIENCE!;
    try {
      const { payload } = await jwtVerify(token, await this.findKeys(), {
        algorithms: ALGORITHMS,
        issuer: this.issuer,
        audience,
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: CLOCK_TOLERANCE,
      });
      return isForUs(payload, audience) ? (payload as unknown as IdentityClaims) : undefined;
    } catch (error) {
      if (!(error instanceof errors.JOSEError) || UNREACHABLE.has(error.code))
        throw new ServiceUnavailable({ cause: error, headers: { 'Retry-After': '5' } });
      this.logger.debug(`A token of ${this.issuer} was refused: ${error.message}`);
      return undefined;
    }
  }

  /** One discovery for all who ask meanwhile; one that failed is not kept. */
  private findKeys(): Promise<RemoteJWKSet> {
    this.keys ??= this.discover().catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }

  private async discover(): Promise<RemoteJWKSet> {
    const { createRemoteJWKSet } = await import('jose');
    const url = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { issuer, jwks_uri } = await this.http.call(url, { answer: Discovery });
    if (issuer !== this.issuer) throw new Error(`${url} says that the issuer is ${issuer}.`);
    if (this.issuer.startsWith('https:') && !jwks_uri.startsWith('https:'))
      throw new Error(`${url} has keys without TLS: ${jwks_uri}`);
    return createRemoteJWKSet(new URL(jwks_uri));
  }
}

/** A token for several audiences must have been issued to ours (OpenID Connect Core, 3.1.3.7); none is from tomorrow. */
function isForUs({ aud, azp, iat }: JWTPayload, audience: string): boolean {
  const isIssuedToUs = !Array.isArray(aud) || aud.length === 1 || azp === audience;
  return isIssuedToUs && iat! <= Date.now() / 1000 + CLOCK_TOLERANCE;
}
