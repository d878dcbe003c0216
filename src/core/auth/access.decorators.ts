import { requestOf } from '../http/http-context.js';
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Caller } from './caller.js';
import type { Permission, Role } from './roles.js';

export const ACCESS_RULE = Symbol('access rule');

/** Who may use a route. Exactly one rule applies: the handler's, else its controller's, else "signed in". */
export type AccessRule =
  | { kind: 'public' }
  | { kind: 'authenticated'; scope?: Permission }
  | { kind: 'roles'; roles: readonly Role[] }
  | { kind: 'permission'; permission: Permission }
  | { kind: 'selfOr'; permission: Permission; parameter: string };

const declare = (rule: AccessRule): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_RULE, rule);

/** Anybody, signed in or not. */
export const Public = () => declare({ kind: 'public' });

/**
 * Anybody who is signed in.
 * @param scope what an API key must be for; without one the route is closed to API keys
 */
export const Authenticated = (scope?: Permission) => declare({ kind: 'authenticated', scope });

/** Whoever has one of these roles and has signed in; no API key. */
export const Roles = (...roles: [Role, ...Role[]]) => declare({ kind: 'roles', roles });

/** Whoever's role has this permission (see `roles.ts`); an API key's scopes must name it too. */
export const Permissions = (permission: Permission) => declare({ kind: 'permission', permission });

/**
 * The owner, whose user id is the path parameter `parameter`, or whoever's role has this permission. An API key's scopes must
 * name it in either case.
 */
export const SelfOr = (permission: Permission, parameter = 'id') =>
  declare({ kind: 'selfOr', permission, parameter });

/** The signed-in {@link Caller}, as a handler's argument. On a public route it may be undefined. */
export const CurrentCaller = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Caller | undefined => requestOf(context).user,
);
