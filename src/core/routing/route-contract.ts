import type { ExecutionContext, Type } from '@nestjs/common';
import { SSE_METADATA } from '@nestjs/common/constants.js';
import { ACCESS_RULE, type AccessRule } from '../auth/access.decorators.js';
import { TRANSACTIONAL } from '../firestore/transactional-method.js';
import type { TransactionOptions } from '../firestore/transactions.js';
import { IDEMPOTENT } from '../http/idempotency.js';
import { IfMatch } from '../http/if-match.js';
import { RATE_LIMIT } from '../throttling/rate-limit.decorator.js';
import { DEPRECATION, type Deprecation } from '../versioning/deprecation.js';
import {
  ALLOWED_ORIGINS,
  BODY_LIMIT,
  BODY_PARSER,
  HIDDEN,
  type RouteBodyParser,
} from './extras.decorators.js';
import { RESPONSE_CONTRACT, type ResponseContract } from './responds.decorator.js';

/** All that the decorators of a route declare, read once per route. */
export interface RouteContract {
  access: AccessRule | undefined;
  response: ResponseContract | undefined;
  /** Name of the rate limit the route counts against; null for none. */
  rateLimit: string | null;
  /** How the handler runs in a transaction, if it does. */
  transaction: TransactionOptions | undefined;
  deprecation: Deprecation | undefined;
  bodyLimit: number | undefined;
  bodyParser: RouteBodyParser | undefined;
  /** Whether the documentation leaves it out. */
  isHidden: boolean;
  allowedOrigins: readonly string[] | undefined;
  /** Whether it takes an `Idempotency-Key`. */
  isIdempotent: boolean;
  /** Whether it takes `If-Match`. */
  hasPrecondition: boolean;
  /** Whether it answers with a stream of server-sent events, which has no end to check. */
  isEventStream: boolean;
}

export type Handler = (...args: never[]) => unknown;

/** By controller too: two that inherit one handler may declare different things. */
const contracts = new WeakMap<Type, Map<Handler, RouteContract>>();

/** The contract of the route that a guard, an interceptor or a filter works for. */
export function routeContractOf(context: ExecutionContext): RouteContract {
  return readRouteContract(context.getHandler() as Handler, context.getClass());
}

/** The contract of one handler; what the handler declares beats what its controller does. */
export function readRouteContract(handler: Handler, controller: Type): RouteContract {
  let ofController = contracts.get(controller);
  if (!ofController) contracts.set(controller, (ofController = new Map<Handler, RouteContract>()));
  let contract = ofController.get(handler);
  if (!contract) ofController.set(handler, (contract = readMetadata(handler, controller)));
  return contract;
}

function readMetadata(handler: Handler, controller: Type): RouteContract {
  const read = <Value>(key: unknown): Value | undefined =>
    (Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)) as Value | undefined;
  const rateLimit = [handler, controller].find((target) => Reflect.hasMetadata(RATE_LIMIT, target));
  return {
    access: read<AccessRule>(ACCESS_RULE),
    response: read<ResponseContract>(RESPONSE_CONTRACT),
    rateLimit: rateLimit ? (Reflect.getMetadata(RATE_LIMIT, rateLimit) as string | null) : 'default',
    transaction: read<TransactionOptions>(TRANSACTIONAL),
    deprecation: read<Deprecation>(DEPRECATION),
    bodyLimit: read<number>(BODY_LIMIT),
    bodyParser: read<RouteBodyParser>(BODY_PARSER),
    isHidden: Reflect.hasMetadata(HIDDEN, handler),
    allowedOrigins: read<string[]>(ALLOWED_ORIGINS),
    isIdempotent: Reflect.hasMetadata(IDEMPOTENT, handler),
    hasPrecondition: parameterTypes(controller, handler.name).includes(IfMatch),
    isEventStream: Reflect.hasMetadata(SSE_METADATA, handler),
  };
}

/** The classes of a handler's arguments, as far as they are classes. */
export function parameterTypes(controller: Type, name: string): unknown[] {
  const types: unknown = Reflect.getMetadata('design:paramtypes', controller.prototype as object, name);
  return (types as unknown[] | undefined) ?? [];
}
