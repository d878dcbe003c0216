import { Module } from '@nestjs/common';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { UsersService } from '../users/users.service.js';
import { AccountMails } from './account-mails.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { EmailController } from './email.controller.js';
import { EmailVerification } from './email-verification.js';
import { OneTimeToken } from './one-time-token.document.js';
import { OneTimeTokens } from './one-time-tokens.js';
import { PasswordController } from './password.controller.js';
import { PasswordAttempts } from './password-attempts.js';
import { PasswordService } from './password.service.js';
import { Passwords } from './passwords.js';
import { RefreshTokens } from './refresh-tokens.js';
import { Session } from './session.document.js';
import { SessionsService } from './sessions.service.js';
import { SignInDelay } from './sign-in-delay.document.js';
import { SignInDelays } from './sign-in-delays.js';

@Module({
  imports: [
    AuditModule,
    MailModule,
    UsersModule,
    FirestoreModule.forFeature([Session, OneTimeToken, SignInDelay]),
  ],
  controllers: [AuthController, PasswordController, EmailController],
  providers: [
    AuthService,
    SessionsService,
    RefreshTokens,
    Passwords,
    PasswordAttempts,
    PasswordService,
    OneTimeTokens,
    SignInDelays,
    AccountMails,
    EmailVerification,
  ],
  exports: [AuthService],
})
export class AuthModule {
  constructor(users: UsersService, sessions: SessionsService, tokens: OneTimeTokens, mails: AccountMails) {
    users.onDelete(async (userId) => {
      await sessions.endAllOf(userId);
      tokens.forget(userId);
    });
    users.onEmailChange(async (user, previous, caller) => {
      if (caller.id === user.id) await sessions.requireRecent(caller.sessionId);
      mails.sendEmailVerification(user.id);
      mails.sendEmailChanged(previous);
    });
  }
}
