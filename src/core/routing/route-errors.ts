import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { AccessRule } from '../auth/access.decorators.js';
import {
  BadRequest,
  Forbidden,
  Gone,
  Internal,
  InvalidInput,
  PayloadTooLarge,
  PreconditionFailed,
  ServiceUnavailable,
  TooManyRequests,
  Unauthorized,
  UnsupportedMediaType,
} from '../errors/errors.js';
import type { TypedErrorClass } from '../errors/typed-error.js';
import { Contention } from '../firestore/firestore.errors.js';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from '../http/idempotency.js';
import { isDto } from '../validation/dto.js';
import type { Route } from './list-routes.js';
import { parameterTypes } from './route-contract.js';

const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

const known = new WeakMap<Route, Set<TypedErrorClass>>();

/** The errors that the route declares, and those that come with its access rule, its input, its limit and its transaction. */
export function errorsOf(route: Route): Set<TypedErrorClass> {
  let errors = known.get(route);
  if (!errors) {
    errors = new Set([...(route.contract.response?.errors ?? []), ...impliedErrors(route)]);
    known.set(route, errors);
  }
  return errors;
}

function impliedErrors(route: Route): TypedErrorClass[] {
  const { access, rateLimit, transaction, isIdempotent, hasPrecondition, deprecation } = route.contract;
  const implied: Array<TypedErrorClass | false> = [
    (isIdempotent || inputsOf(route).length > 0) && InvalidInput,
    ...(isIdempotent ? [IdempotencyKeyInUse, IdempotencyKeyReused] : []),
    ...(METHODS_WITH_BODY.has(route.method) ? [BadRequest, PayloadTooLarge, UnsupportedMediaType] : []),
    ...accessErrors(access?.kind),
    hasPrecondition && PreconditionFailed,
    deprecation?.sunset !== undefined && Gone,
    rateLimit !== null && TooManyRequests,
    ...(transaction ? [Contention, ServiceUnavailable] : []),
    Internal,
  ];
  return implied.filter((each) => each !== false);
}

/** 403 also where everybody may who has signed in: there are API keys. */
function accessErrors(rule: AccessRule['kind'] = 'authenticated'): TypedErrorClass[] {
  return rule === 'public' ? [] : [Unauthorized, Forbidden, ServiceUnavailable];
}

/** The DTO classes of the handler's arguments. */
export function inputsOf({ controller, name }: Route): Type<object>[] {
  return parameterTypes(controller, name).filter(isDto);
}
