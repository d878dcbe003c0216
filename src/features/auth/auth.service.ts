import { Injectable } from '@nestjs/common';
import { AccessTokens } from '../../core/auth/access-tokens.js';
import type { Role } from '../../core/auth/roles.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { AuditService } from '../audit/audit.service.js';
import { toUserResponse } from '../users/users.dto.js';
import { type User, UsersService } from '../users/users.service.js';
import type { LoginBody, RegisterBody, SignedInResponse } from './auth.dto.js';
import { AccountMails } from './account-mails.js';
import { InvalidCredentials, InvalidRefreshToken } from './auth.errors.js';
import { PasswordAttempts } from './password-attempts.js';
import { type PasswordOwner, requireUncommon } from './password-rules.js';
import { Passwords } from './passwords.js';
import { type Client, type OpenSession, SessionsService } from './sessions.service.js';
import { SignInDelays } from './sign-in-delays.js';

/** Signs users in. Passwords are hashed outside the transactions, which may run again and should be short. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
    private readonly attempts: PasswordAttempts,
    private readonly accessTokens: AccessTokens,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
    private readonly delays: SignInDelays,
    private readonly mails: AccountMails,
  ) {}

  /** For commands and tests; over HTTP nobody can give himself a role. @throws {InvalidInput} if the password is too common */
  async createUser({ password, ...person }: RegisterBody, role: Role): Promise<User> {
    const passwordHash = await this.hashNew(password, person);
    return this.transactions.run({ readOnly: false }, async () =>
      this.users.create({ ...person, passwordHash, role }),
    );
  }

  /**
   * @throws {EmailTaken}
   * @throws {InvalidInput} if the password is too common
   */
  async register({ password, ...person }: RegisterBody, client: Client): Promise<SignedInResponse> {
    const passwordHash = await this.hashNew(password, person);
    return this.transactions.run({ readOnly: false }, async () => {
      const user = this.users.create({ ...person, passwordHash, role: 'user' });
      this.delays.trust(user.email, client.address);
      this.mails.sendEmailVerification(user.id);
      return this.signedIn(user, this.sessions.open(user.id, client));
    });
  }

  /**
   * @throws {TooManyFailures}
   * @throws {InvalidCredentials}
   */
  async login({ email, password }: LoginBody, client: Client): Promise<SignedInResponse> {
    const user = await this.users.findByEmail(email);
    const attempt = await this.attempts.verify(user, { email, password, address: client.address });
    if (!user || !attempt) throw new InvalidCredentials();
    return this.transactions.run({ readOnly: false }, async () => {
      const current = await this.users.find(user.id);
      // It may have been changed while it was verified, which has ended all sessions; this one must not begin.
      if (current?.passwordHash !== user.passwordHash) throw new InvalidCredentials();
      await this.delays.succeed(attempt);
      this.audit.record({ action: 'sign_in.succeeded', userId: user.id, actorId: user.id });
      return this.signedIn(current, this.sessions.open(user.id, client));
    });
  }

  /** Reads the user anew: a changed role, or a deleted account, takes effect here. @throws {InvalidRefreshToken} */
  async refresh(token: string): Promise<SignedInResponse> {
    const signedIn = await this.transactions.run({ readOnly: false }, async () => {
      const opened = await this.sessions.rotate(token);
      const user = opened && (await this.users.find(opened.session.userId));
      return user && this.signedIn(user, opened);
    });
    // Not thrown inside: a reused token has ended its session, and that must be committed.
    if (!signedIn) throw new InvalidRefreshToken();
    return signedIn;
  }

  private async hashNew(password: string, owner: PasswordOwner): Promise<string> {
    await requireUncommon('password', password, owner);
    return this.passwords.hash(password);
  }

  private async signedIn(user: User, { session, refreshToken }: OpenSession): Promise<SignedInResponse> {
    const caller = { id: user.id, role: user.role, sessionId: session.id };
    const { accessToken, expiresIn } = await this.accessTokens.sign(caller);
    return {
      user: toUserResponse(user),
      tokens: { accessToken, refreshToken, tokenType: 'Bearer', expiresIn },
    };
  }
}
