import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Unauthorized } from '../errors/errors.js';
import { genericErrorOf, toTypedError } from '../errors/to-typed-error.js';
import type { TypedError } from '../errors/typed-error.js';
import { requestOf } from '../http/http-context.js';
import { Revocations } from './revocations.js';
import { TokenKinds } from './token-kinds.js';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What passport made of a token that is seen for the first time. */
    verifiedToken?: VerifiedToken;
    /** Why nobody is signed in although a token was sent, where there is more to say than that it does not hold. */
    refusal?: TypedError<unknown>;
  }
}

const BEARER = /^Bearer +(\S+)$/i;

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
    private readonly kinds: TokenKinds,
    private readonly verified: VerifiedTokens,
    private readonly revocations: Revocations,
  ) {}

  /** Without a promise where the token was verified before: most requests. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = requestOf(context);
    const { authorization } = request.headers;
    if (authorization === undefined) return true;
    const known = this.verified.find(authorization);
    if (!known || !this.revocations.areCurrent() || this.revocations.includes(known.caller))
      return this.identify(context, request, authorization);
    request.user = known.caller;
    return true;
  }

  private async identify(
    context: ExecutionContext,
    request: FastifyRequest,
    authorization: string,
  ): Promise<true> {
    try {
      const token = await this.verify(context, request, authorization);
      if (!token) return true;
      await this.revocations.becomeCurrent();
      if (this.revocations.includes(token.caller)) return true;
      this.verified.remember(authorization, token);
      request.user = token.caller;
    } catch (error) {
      request.refusal = error instanceof Unauthorized ? error : genericErrorOf(toTypedError(error));
    }
    return true;
  }

  private async verify(
    context: ExecutionContext,
    request: FastifyRequest,
    authorization: string,
  ): Promise<VerifiedToken | undefined> {
    const token = BEARER.exec(authorization)?.[1];
    const kind = token === undefined ? undefined : this.kinds.find(token);
    if (kind) return kind.verify(token!);
    await this.jwt.canActivate(context);
    return request.verifiedToken;
  }
}
