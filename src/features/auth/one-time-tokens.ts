import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keys } from '../../core/auth/keys.js';
import { hashOf, matches } from '../../core/auth/token-hash.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { type User, UsersService } from '../users/users.service.js';
import { InvalidOneTimeToken } from './auth.errors.js';
import { OneTimeToken, type TokenPurpose } from './one-time-token.document.js';

const FORM = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.[\w-]{43}$/;
const MINUTE = 60_000;

/** How long they hold, in minutes. */
export const TOKEN_MINUTES = { 'password-reset': 60, 'email-verification': 24 * 60 } as const;

/**
 * Mailed tokens: `<user id>.<secret of 256 bits>`, good once, the last one only, hashed at rest. What writes wants a
 * writing transaction around it.
 */
@Injectable()
export class OneTimeTokens {
  private readonly key: Buffer;

  constructor(
    @InjectRepository(OneTimeToken) private readonly tokens: Repository<OneTimeToken>,
    private readonly users: UsersService,
    keys: Keys,
  ) {
    this.key = keys.derive('one-time-token', 32);
  }

  /**
   * The token for a mail: the same if the mail is sent again, so none needs to be stored. Without the key nobody can
   * foresee it.
   * @returns undefined if the token of this mail was used, or a later mail brings another
   */
  async issue({ id, email }: User, purpose: TokenPurpose, mailId: string): Promise<string | undefined> {
    const last = await this.tokens.find({ userId: id, purpose });
    if (last && (last.mailId > mailId || (last.mailId === mailId && last.tokenHash === ''))) return undefined;
    const secret = createHmac('sha256', this.key).update(`${purpose}:${id}:${mailId}`).digest('base64url');
    const token = `${id}.${secret}`;
    const expiresAt = new Date(Date.now() + TOKEN_MINUTES[purpose] * MINUTE);
    this.tokens.upsert({ userId: id, purpose, tokenHash: hashOf(token), mailId, email, expiresAt });
    return token;
  }

  /**
   * Whose token it is, if it holds.
   * @throws {InvalidOneTimeToken}
   */
  async ownerOf(token: string, purpose: TokenPurpose): Promise<User> {
    return (await this.find(token, purpose)).user;
  }

  /**
   * Uses the token up. Of two who do so at once one succeeds.
   * @throws {InvalidOneTimeToken}
   */
  async redeem(token: string, purpose: TokenPurpose): Promise<User> {
    const { user, stored } = await this.find(token, purpose);
    stored.tokenHash = '';
    return user;
  }

  /** Makes what was mailed for this purpose useless. */
  async revoke(userId: string, purpose: TokenPurpose): Promise<void> {
    const stored = await this.tokens.find({ userId, purpose });
    if (stored) stored.tokenHash = '';
  }

  /** Of a user who is deleted. */
  forget(userId: string): void {
    for (const purpose of Object.keys(TOKEN_MINUTES)) this.tokens.delete({ userId, purpose });
  }

  private async find(token: string, purpose: TokenPurpose) {
    const userId = FORM.exec(token)?.[1];
    const stored = userId === undefined ? undefined : await this.tokens.find({ userId, purpose });
    if (!stored || !matches(token, stored.tokenHash) || stored.expiresAt.getTime() <= Date.now())
      throw new InvalidOneTimeToken();
    const user = await this.users.find(stored.userId);
    if (user?.email !== stored.email) throw new InvalidOneTimeToken();
    return { user, stored };
  }
}
