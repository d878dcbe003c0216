import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { MailService } from '../mail/mail.service.js';
import { UsersService } from '../users/users.service.js';
import type { TokenPurpose } from './one-time-token.document.js';
import { OneTimeTokens, TOKEN_MINUTES } from './one-time-tokens.js';

/**
 * What is mailed about an account. To send is to put into the outbox, in the running writing transaction; user and token
 * are looked up when the mail goes out, so that a request takes as long for an unknown address as for a known one.
 */
@Injectable()
export class AccountMails {
  constructor(
    private readonly mails: MailService,
    private readonly users: UsersService,
    private readonly tokens: OneTimeTokens,
    private readonly settings: Settings,
  ) {
    this.defineTokenMails();
    this.defineNotices();
  }

  /** Goes out if somebody has the address. */
  sendPasswordReset(email: string): void {
    this.mails.enqueue('password-reset', { email });
  }

  sendEmailVerification(userId: string): void {
    this.mails.enqueue('email-verification', { userId });
  }

  sendPasswordChanged(email: string): void {
    this.mails.enqueue('password-changed', { email });
  }

  /** @param previous address: who had the account should hear of it even if another took it */
  sendEmailChanged(previous: string): void {
    this.mails.enqueue('email-changed', { email: previous });
  }

  private defineTokenMails(): void {
    this.mails.define('password-reset', async ({ email }, mailId) => {
      const user = await this.users.findByEmail(email!);
      const token = user && (await this.tokens.issue(user, 'password-reset', mailId));
      if (!token) return undefined;
      const lead = 'Somebody, you we hope, wants a new password for your account. Choose one here:';
      const tail = 'If it was not you, ignore this mail: your password stays as it is.';
      const text = this.withLink('password-reset', 'reset-password', token, lead, tail);
      return { to: user.email, subject: 'Choose a new password', text };
    });
    this.mails.define('email-verification', async ({ userId }, mailId) => {
      const user = await this.users.find(userId!);
      if (!user || user.emailVerified) return undefined;
      const token = await this.tokens.issue(user, 'email-verification', mailId);
      if (!token) return undefined;
      const lead = 'Please confirm that this is your e-mail address:';
      const tail = 'If you have no account with us, ignore this mail.';
      const text = this.withLink('email-verification', 'verify-email', token, lead, tail);
      return { to: user.email, subject: 'Confirm your e-mail address', text };
    });
  }

  private defineNotices(): void {
    const advice =
      'If it was not you, choose a new password at once (there is "forgot password"), or write to us.\n';
    this.mails.define('password-changed', async ({ email }) => {
      const text = `The password of your account was changed.\n\n${advice}`;
      return { to: email!, subject: 'Your password was changed', text };
    });
    this.mails.define('email-changed', async ({ email }) => {
      const text = `Your account has another e-mail address from now on, and this one no more.\n\n${advice}`;
      return { to: email!, subject: 'Your e-mail address was changed', text };
    });
  }

  /** The token is behind "#", which no browser sends to a server: it is in no log, and no `Referer`. */
  private withLink(purpose: TokenPurpose, page: string, token: string, lead: string, tail: string): string {
    const link = `${this.settings.APP_URL}/${page}#token=${token}`;
    const hours = TOKEN_MINUTES[purpose] / 60;
    const validity = `The link is good for ${hours === 1 ? 'one hour' : `${hours} hours`}, and once.`;
    return `${lead}\n\n${link}\n\n${validity} ${tail}\n`;
  }
}
