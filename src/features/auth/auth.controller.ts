import { Body, Controller, Delete, Get, Headers, Ip, Param, Post } from '@nestjs/common';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Authenticated, CurrentCaller, Public } from '../../core/auth/access.decorators.js';
import type { Caller } from '../../core/auth/caller.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { Contention } from '../../core/firestore/firestore.errors.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { RateLimit } from '../../core/throttling/rate-limit.decorator.js';
import { EmailTaken } from '../users/users.errors.js';
import {
  LoginBody,
  RefreshTokenBody,
  RegisterBody,
  SessionPath,
  SessionResponse,
  SignedInResponse,
  toSessionResponse,
} from './auth.dto.js';
import { InvalidCredentials, InvalidRefreshToken, SessionNotFound, TooManyFailures } from './auth.errors.js';
import { AuthService } from './auth.service.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
  ) {}

  @Post('register')
  @Public()
  @RateLimit('signIn')
  @Responds(SignedInResponse, {
    summary: 'Create an account and sign in',
    status: 201,
    errors: [EmailTaken, Contention],
  })
  register(
    @Body() body: RegisterBody,
    @Ip() address: string,
    @Headers('user-agent') userAgent = '',
  ): Promise<SignedInResponse> {
    return this.auth.register(body, { userAgent, address });
  }

  @Post('login')
  @Public()
  @RateLimit('signIn')
  @Responds(SignedInResponse, {
    summary: 'Sign in',
    errors: [InvalidCredentials, TooManyFailures, Contention],
  })
  login(
    @Body() body: LoginBody,
    @Ip() address: string,
    @Headers('user-agent') userAgent = '',
  ): Promise<SignedInResponse> {
    return this.auth.login(body, { userAgent, address });
  }

  @Post('refresh')
  @Public()
  @Responds(SignedInResponse, {
    summary: 'Exchange a refresh token for new tokens',
    description:
      'A refresh token is good for one refresh; the one before it holds for another 10 seconds and gives the same ' +
      'answer, so that two tabs may refresh at once. After that its use ends the session.',
    errors: [InvalidRefreshToken, Contention],
  })
  refresh(@Body() { refreshToken }: RefreshTokenBody): Promise<SignedInResponse> {
    return this.auth.refresh(refreshToken);
  }

  @Post('logout')
  @Public()
  @Transactional({ readOnly: false })
  @Responds(null, { summary: 'End the session of a refresh token' })
  async logout(@Body() { refreshToken }: RefreshTokenBody): Promise<void> {
    await this.sessions.endByToken(refreshToken);
  }

  @Post('logout-all')
  @Authenticated()
  @Transactional({ readOnly: false })
  @Responds(null, { summary: 'End all my sessions' })
  async logoutAll(@CurrentCaller() caller: Caller): Promise<void> {
    await this.sessions.endAllOf(caller.id);
  }

  @Get('sessions')
  @Authenticated()
  @Transactional()
  @Responds([SessionResponse], { summary: 'List my sessions, the last used first' })
  async listSessions(@CurrentCaller() caller: Caller): Promise<SessionResponse[]> {
    const sessions = await this.sessions.listOf(caller.id);
    return sessions.map((session) => toSessionResponse(session, caller.sessionId));
  }

  @Delete('sessions/:id')
  @Authenticated()
  @Transactional({ readOnly: false })
  @Responds(null, { summary: 'End one of my sessions', errors: [SessionNotFound] })
  async endSession(@Param() { id }: SessionPath, @CurrentCaller() caller: Caller): Promise<void> {
    await this.sessions.end(id, caller.id);
  }
}
