import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { UsersService } from '../users/users.service.js';
import { AccountMails } from './account-mails.js';
import { OneTimeTokens } from './one-time-tokens.js';
import { SignInDelays } from './sign-in-delays.js';

/** Shows that an e-mail address is its user's. What writes wants a writing transaction around it. */
@Injectable()
export class EmailVerification {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: OneTimeTokens,
    private readonly delays: SignInDelays,
    private readonly mails: AccountMails,
    private readonly audit: AuditService,
  ) {}

  /** @throws {UserNotFound} */
  async sendAgain(userId: string): Promise<void> {
    const { email, emailVerified } = await this.users.findOrFail(userId);
    if (emailVerified || !(await this.delays.mayMail(email))) return;
    this.mails.sendEmailVerification(userId);
  }

  /** @throws {InvalidOneTimeToken} */
  async verify(token: string): Promise<void> {
    const user = await this.tokens.redeem(token, 'email-verification');
    user.emailVerified = true;
    user.updatedAt = new Date();
    this.audit.record({ action: 'email.verified', userId: user.id, actorId: user.id });
  }
}
