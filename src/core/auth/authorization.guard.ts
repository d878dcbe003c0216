import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Forbidden, Unauthorized } from '../errors/errors.js';
import { routeContractOf } from '../routing/route-contract.js';
import type { AccessRule } from './access.decorators.js';
import type { Caller } from './caller.js';
import { hasPermission } from './roles.js';

/** Applies the route's {@link AccessRule}. A route without one is for signed-in callers. */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const rule = routeContractOf(context).access ?? { kind: 'authenticated' };
    if (rule.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.user) throw request.refusal ?? unauthorized(request);
    if (!allows(rule, request.user, request.params as Record<string, string>)) throw new Forbidden();
    return true;
  }
}

function allows(rule: AccessRule, caller: Caller, parameters: Record<string, string>): boolean {
  switch (rule.kind) {
    case 'public':
    case 'authenticated':
      return true;
    case 'roles':
      return rule.roles.includes(caller.role);
    case 'permission':
      return hasPermission(caller.role, rule.permission);
    case 'selfOr':
      return parameters[rule.parameter] === caller.id || hasPermission(caller.role, rule.permission);
  }
}

/** RFC 6750, 3.1: a token that was sent and refused is `invalid_token`; without one there is no error code. */
function unauthorized(request: FastifyRequest): Unauthorized {
  if (request.headers.authorization === undefined) return new Unauthorized();
  return new Unauthorized({
    message: 'The access token is wrong, has expired or was revoked.',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}
