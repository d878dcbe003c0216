import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { Caller } from './caller.js';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What passport made of a token that is seen for the first time. */
    verifiedToken?: VerifiedToken;
  }
}

/** passport-jwt, which sets `request.verifiedToken`, and leaves it undefined instead of throwing when the token does not hold. */
@Injectable()
export class JwtGuard extends AuthGuard('jwt') {
  override getAuthenticateOptions() {
    return { property: 'verifiedToken' };
  }

  override handleRequest<Token = VerifiedToken>(_error: unknown, token: Token | false): Token {
    return (token || undefined) as Token;
  }
}

/**
 * Finds out who is calling; it refuses nobody. Refusing is up to the authorization guard, after the rate limit has
 * counted the attempt: guessing tokens is limited like everything else.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly jwt: JwtGuard,
    private readonly verified: VerifiedTokens,
  ) {}

  /** Without a promise where the token was verified before: most requests. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { authorization } = request.headers;
    if (authorization === undefined) return true;
    const known = this.verified.find(authorization);
    return known ? this.admit(request, known.caller) : this.verify(context, request, authorization);
  }

  private async verify(
    context: ExecutionContext,
    request: FastifyRequest,
    authorization: string,
  ): Promise<boolean> {
    await this.jwt.canActivate(context);
    const token = request.verifiedToken;
    if (!token) return true;
    this.verified.remember(authorization, token);
    return this.admit(request, token.caller);
  }

  /** The one way in, of tokens just verified and of remembered ones. */
  private admit(request: FastifyRequest, caller: Caller): true {
    request.user = caller;
    return true;
  }
}
