import { Body, Controller, Ip, Post } from '@nestjs/common';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Authenticated, CurrentCaller, Public } from '../../core/auth/access.decorators.js';
import type { Caller } from '../../core/auth/caller.js';
import { Contention } from '../../core/firestore/firestore.errors.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { RateLimit } from '../../core/throttling/rate-limit.decorator.js';
import { UserNotFound } from '../users/users.errors.js';
import { InvalidOneTimeToken, TooManyFailures, WrongPassword } from './auth.errors.js';
import { ChangePasswordBody, ForgotPasswordBody, ResetPasswordBody } from './password.dto.js';
import { PasswordService } from './password.service.js';

@ApiTags('Auth')
@Controller('auth/password')
@RateLimit('signIn')
export class PasswordController {
  constructor(private readonly passwords: PasswordService) {}

  @Post('change')
  @Authenticated()
  @Responds(null, {
    summary: 'Change my password',
    description: 'Ends my other sessions, and mails a notice.',
    errors: [WrongPassword, TooManyFailures, UserNotFound, Contention],
  })
  change(
    @Body() body: ChangePasswordBody,
    @CurrentCaller() caller: Caller,
    @Ip() address: string,
  ): Promise<void> {
    return this.passwords.change(caller, body, address);
  }

  @Post('forgot')
  @Public()
  @Responds(null, {
    summary: 'Have a token for a new password mailed',
    description:
      'Always 202: the answer does not tell who has an account. Few mails a day go to one address.',
    status: 202,
    errors: [Contention],
  })
  forgot(@Body() { email }: ForgotPasswordBody): Promise<void> {
    return this.passwords.forgot(email);
  }

  @Post('reset')
  @Public()
  @Responds(null, {
    summary: 'Choose a new password by the mailed token',
    description: 'Ends all sessions. The token is good once; a password that is refused does not use it up.',
    errors: [InvalidOneTimeToken, Contention],
  })
  reset(@Body() body: ResetPasswordBody, @Ip() address: string): Promise<void> {
    return this.passwords.reset(body, address);
  }
}
