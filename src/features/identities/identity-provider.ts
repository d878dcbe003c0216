/** The claims of a verified token that matter here (OpenID Connect Core, 5.1). Only the first three are sure to be there. */
export interface IdentityClaims {
  iss: string;
  sub: string;
  exp: number;
  email?: unknown;
  email_verified?: unknown;
  name?: unknown;
  given_name?: unknown;
  family_name?: unknown;
}

/** Who vouches for people besides ourselves. */
export interface IdentityProvider {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /**
   * Checks signature, issuer, audience and times; undefined if the token does not hold.
   * @throws {ServiceUnavailable} if the provider's keys cannot be had
   */
  verify(token: string): Promise<IdentityClaims | undefined>;
}
