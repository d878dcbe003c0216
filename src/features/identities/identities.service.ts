import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import type { TokenKind } from '../../core/auth/token-kinds.js';
import type { VerifiedToken } from '../../core/auth/verified-tokens.js';
import { InvalidInput, Unauthorized } from '../../core/errors/errors.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { parseDto } from '../../core/validation/dto.js';
import { AuditService } from '../audit/audit.service.js';
import { PersonBody } from '../users/users.dto.js';
import { EmailTaken } from '../users/users.errors.js';
import { type User, UsersService } from '../users/users.service.js';
import { Identity } from './identity.document.js';
import type { IdentityClaims, IdentityProvider } from './identity-provider.js';
import { FirebaseProvider } from './firebase-provider.js';
import { OidcProvider } from './oidc-provider.js';

/**
 * Signs in who has a token of an identity provider that `AUTH_PROVIDERS` names: the token itself is the bearer token. The
 * first one makes the account.
 */
@Injectable()
export class IdentitiesService implements TokenKind {
  private readonly providers: readonly IdentityProvider[];

  constructor(
    @InjectRepository(Identity) private readonly identities: Repository<Identity>,
    private readonly users: UsersService,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
    private readonly settings: Settings,
    firebase: FirebaseProvider,
    oidc: OidcProvider,
  ) {
    const all = { firebase, oidc };
    this.providers = settings.authProviders.map((name) => all[name]);
  }

  isFormOf(token: string): boolean {
    return this.providers.length > 0 && this.providerOf(token) !== undefined;
  }

  /** @throws {Unauthorized} if it is genuine, but its bearer can have no account, or has none any more */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const claims = await this.providerOf(token)?.verify(token);
    if (!claims) return undefined;
    const id = createHash('sha256')
      .update(JSON.stringify([claims.iss, claims.sub]))
      .digest('base64url');
    const user = (await this.findUser(id)) ?? (await this.register(id, claims));
    const remembered = Date.now() + this.settings.ACCESS_TOKEN_TTL * 1000;
    return {
      caller: { id: user.id, role: user.role, sessionId: id },
      expiresAt: Math.min(claims.exp * 1000, remembered),
    };
  }

  private providerOf(token: string): IdentityProvider | undefined {
    const issuer = issuerOf(token);
    return this.providers.find((provider) => provider.issuer === issuer);
  }

  /** @throws {Unauthorized} if the account was deleted */
  private async findUser(id: string): Promise<User | undefined> {
    const identity = await this.identities.find(id);
    if (!identity) return undefined;
    const user = await this.users.find(identity.userId);
    if (!user) throw refusal('Your account was deleted.');
    return user;
  }

  /** Of several first requests at once one makes the account, and the others find it. */
  private async register(id: string, claims: IdentityClaims): Promise<User> {
    const person = await personOf(claims);
    try {
      return await this.transactions.run({ readOnly: false }, async () => {
        const known = await this.findUser(id);
        if (known) return known;
        const user = this.users.create({ ...person, passwordHash: '', role: 'user', emailVerified: true });
        this.identities.create({ id, issuer: claims.iss, userId: user.id });
        this.audit.record({ action: 'sign_in.identity_linked', userId: user.id, actorId: user.id });
        return user;
      });
    } catch (error) {
      if (!(error instanceof EmailTaken)) throw error;
      const known = await this.findUser(id);
      if (known) return known;
      // Never the account that has the address: whoever registered it need not be the one who has the mailbox.
      throw refusal('There is an account with your e-mail address already; sign in to it with its password.');
    }
  }
}

/** What an unverified token says of its issuer: it decides who is asked, and nothing else. */
function issuerOf(token: string): unknown {
  const payload = token.split('.', 3)[1];
  if (payload === undefined) return undefined;
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss?: unknown } | null)?.iss;
  } catch {
    return undefined;
  }
}

async function personOf(claims: IdentityClaims): Promise<PersonBody> {
  const { email, email_verified: isVerified } = claims;
  if (typeof email !== 'string' || (isVerified !== true && isVerified !== 'true'))
    throw refusal('Your identity provider must vouch for your e-mail address.');
  try {
    return await parseDto(PersonBody, { email, ...namesOf(claims, email) }, 'json');
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw refusal('Your identity provider says an e-mail address or a name of you that cannot be used.');
  }
}

/** A provider need not know both names; an account has both, and its owner can change them. */
function namesOf(claims: IdentityClaims, email: string): Pick<PersonBody, 'firstName' | 'lastName'> {
  const [first = email.split('@')[0]!, ...rest] = textOf(claims.name)?.split(/\s+/) ?? [];
  return {
    firstName: shortened(textOf(claims.given_name) ?? first),
    lastName: shortened(textOf(claims.family_name) ?? (rest.join(' ') || '-')),
  };
}

const textOf = (claim: unknown): string | undefined =>
  (typeof claim === 'string' && claim.trim()) || undefined;

const shortened = (name: string): string => [...name].slice(0, 60).join('');

function refusal(message: string): Unauthorized {
  return new Unauthorized({ message, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
}
