import { Injectable } from '@nestjs/common';
import type { Caller } from '../../core/auth/caller.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { AuditService } from '../audit/audit.service.js';
import { type User, UsersService } from '../users/users.service.js';
import { AccountMails } from './account-mails.js';
import { WrongPassword } from './auth.errors.js';
import { OneTimeTokens } from './one-time-tokens.js';
import { PasswordAttempts } from './password-attempts.js';
import type { ChangePasswordBody, ResetPasswordBody } from './password.dto.js';
import { requireUncommon } from './password-rules.js';
import { Passwords } from './passwords.js';
import { SessionsService } from './sessions.service.js';
import { SignInDelays } from './sign-in-delays.js';

/** Changes passwords: by the one before, or by a mailed token. */
@Injectable()
export class PasswordService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: Passwords,
    private readonly attempts: PasswordAttempts,
    private readonly tokens: OneTimeTokens,
    private readonly delays: SignInDelays,
    private readonly mails: AccountMails,
    private readonly transactions: Transactions,
    private readonly audit: AuditService,
  ) {}

  /**
   * Ends the user's other sessions. Guessing the current password is delayed like guessing it to sign in.
   * @throws {UserNotFound}
   * @throws {TooManyFailures}
   * @throws {WrongPassword}
   * @throws {InvalidInput} if the new one is too common
   */
  async change(
    caller: Caller,
    { currentPassword, newPassword }: ChangePasswordBody,
    address: string,
  ): Promise<void> {
    const known = await this.users.findOrFail(caller.id);
    await requireUncommon('newPassword', newPassword, known);
    const claim = { email: known.email, password: currentPassword, address };
    const attempt = await this.attempts.verify(known, claim);
    if (!attempt) throw new WrongPassword();
    const newHash = await this.passwords.hash(newPassword);
    await this.transactions.run({ readOnly: false }, async () => {
      const user = await this.users.findOrFail(caller.id);
      if (user.passwordHash !== known.passwordHash) throw new WrongPassword(); // by now
      await this.delays.succeed(attempt);
      await this.sessions.endAllOf(user.id, caller.sessionId);
      await this.replace(user, newHash);
      this.audit.record({ action: 'password.changed', userId: user.id });
    });
  }

  /** Mails a token, if somebody has the address; does the same work if nobody has. */
  async forgot(email: string): Promise<void> {
    await this.transactions.run({ readOnly: false }, async () => {
      if (await this.delays.mayMail(email)) this.mails.sendPasswordReset(email);
    });
  }

  /**
   * Ends all sessions, and makes the address of the caller known to the account: whoever is locked out of a place that
   * strangers attack from gets in this way. The mailed token proves the e-mail address as well.
   * @throws {InvalidOneTimeToken}
   * @throws {InvalidInput} if the new one is too common; the token stays good
   */
  async reset({ token, newPassword }: ResetPasswordBody, address: string): Promise<void> {
    const owner = await this.transactions.run({}, () => this.tokens.ownerOf(token, 'password-reset'));
    await requireUncommon('newPassword', newPassword, owner);
    const newHash = await this.passwords.hash(newPassword);
    await this.transactions.run({ readOnly: false }, async () => {
      const user = await this.tokens.redeem(token, 'password-reset');
      await this.sessions.endAllOf(user.id);
      this.delays.trust(user.email, address);
      user.emailVerified = true;
      await this.replace(user, newHash);
      this.audit.record({ action: 'password.reset', userId: user.id, actorId: user.id });
    });
  }

  private async replace(user: User, newHash: string): Promise<void> {
    user.passwordHash = newHash;
    user.updatedAt = new Date();
    await this.tokens.revoke(user.id, 'password-reset');
    this.mails.sendPasswordChanged(user.email);
  }
}
