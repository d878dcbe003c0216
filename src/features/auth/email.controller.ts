import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Authenticated, CurrentCaller, Public } from '../../core/auth/access.decorators.js';
import type { Caller } from '../../core/auth/caller.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { RateLimit } from '../../core/throttling/rate-limit.decorator.js';
import { UserNotFound } from '../users/users.errors.js';
import { InvalidOneTimeToken } from './auth.errors.js';
import { EmailVerification } from './email-verification.js';
import { VerifyEmailBody } from './password.dto.js';

@ApiTags('Auth')
@Controller('auth/email')
@RateLimit('signIn')
@Transactional({ readOnly: false })
export class EmailController {
  constructor(private readonly verification: EmailVerification) {}

  @Post('verification')
  @Authenticated()
  @Responds(null, {
    summary: 'Have the token that verifies my e-mail mailed again',
    description: 'Nothing is mailed if it is verified, or if too many mails were asked for of late.',
    status: 202,
    errors: [UserNotFound],
  })
  async sendAgain(@CurrentCaller() caller: Caller): Promise<void> {
    await this.verification.sendAgain(caller.id);
  }

  @Post('verify')
  @Public()
  @Responds(null, { summary: 'Verify an e-mail by the mailed token', errors: [InvalidOneTimeToken] })
  async verify(@Body() { token }: VerifyEmailBody): Promise<void> {
    await this.verification.verify(token);
  }
}
