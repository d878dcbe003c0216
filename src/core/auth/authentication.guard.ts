import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { Caller } from './caller.js';

/** passport-jwt, which leaves `request.user` undefined instead of throwing when the token does not hold. */
@Injectable()
export class JwtGuard extends AuthGuard('jwt') {
  override handleRequest<User = Caller>(_error: unknown, user: User | false): User {
    return (user || undefined) as User;
  }
}

/**
 * Finds out who is calling; it refuses nobody. Refusing is up to the authorization guard, after the rate limit has
 * counted the attempt: guessing tokens is limited like everything else.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(private readonly jwt: JwtGuard) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return request.headers.authorization === undefined
      ? true
      : (this.jwt.canActivate(context) as Promise<boolean>);
  }
}
