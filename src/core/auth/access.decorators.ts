import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from './caller.js';
import type { Permission, Role } from './roles.js';

export const ACCESS_RULE = Symbol('access rule');

/** Who may use a route. Exactly one rule applies: the handler's, else its controller's, else "signed in". */
export type AccessRule =
  | { kind: 'public' }
  | { kind: 'authenticated' }
  | { kind: 'roles'; roles: readonly Role[] }
  | { kind: 'permission'; permission: Permission }
  | { kind: 'selfOr'; permission: Permission; parameter: string };

const declare = (rule: AccessRule): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_RULE, rule);

/** Anybody, signed in or not. */
export const Public = () => declare({ kind: 'public' });

/** Anybody who is signed in. */
export const Authenticated = () => declare({ kind: 'authenticated' });

/** Whoever has one of these roles. */
export const Roles = (...roles: [Role, ...Role[]]) => declare({ kind: 'roles', roles });

/** Whoever's role has this permission (see `roles.ts`). */
export const Permissions = (permission: Permission) => declare({ kind: 'permission', permission });

/** The owner, whose user id is the path parameter `parameter`, or whoever's role has this permission. */
export const SelfOr = (permission: Permission, parameter = 'id') =>
  declare({ kind: 'selfOr', permission, parameter });

/** The signed-in {@link Caller}, as a handler's argument. On a public route it may be undefined. */
export const CurrentCaller = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<FastifyRequest>().user,
);
