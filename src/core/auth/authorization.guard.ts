import { requestOf } from '../http/http-context.js';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Forbidden, Unauthorized } from '../errors/errors.js';
import { routeContractOf } from '../routing/route-contract.js';
import type { AccessRule } from './access.decorators.js';
import type { Caller } from './caller.js';
import { hasPermission, isInScope } from './roles.js';

/** Applies the route's {@link AccessRule}. A route without one is for signed-in callers. */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const rule = routeContractOf(context).access ?? { kind: 'authenticated' };
    if (rule.kind === 'public') return true;
    const request = requestOf(context);
    if (!request.user) throw request.refusal ?? unauthorized(request);
    if (!allows(rule, request.user, request.params as Record<string, string>)) throw forbidden(request.user);
    return true;
  }
}

function allows(rule: AccessRule, caller: Caller, parameters: Record<string, string>): boolean {
  switch (rule.kind) {
    case 'public':
      return true;
    case 'authenticated':
      return isInScope(caller, rule.scope);
    case 'roles':
      return isInScope(caller, undefined) && rule.roles.includes(caller.role);
    case 'permission':
      return hasPermission(caller, rule.permission);
    case 'selfOr':
      if (parameters[rule.parameter] === caller.id) return isInScope(caller, rule.permission);
      return hasPermission(caller, rule.permission);
  }
}

function forbidden({ scopes }: Caller): Forbidden {
  return new Forbidden(scopes && { message: 'This API key may not do this.' });
}

/** RFC 6750, 3.1: a token that was sent and refused is `invalid_token`; without one there is no error code. */
function unauthorized(request: FastifyRequest): Unauthorized {
  if (request.headers.authorization === undefined) return new Unauthorized();
  return new Unauthorized({
    message: 'The access token is wrong, has expired or was revoked.',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}
