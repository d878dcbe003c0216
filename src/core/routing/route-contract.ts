import type { ExecutionContext, Type } from '@nestjs/common';
import { ACCESS_RULE, type AccessRule } from '../auth/access.decorators.js';
import { RATE_LIMIT } from '../throttling/rate-limit.decorator.js';
import { RESPONSE_CONTRACT, type ResponseContract } from './responds.decorator.js';

/** All that the decorators of a route declare, read once per route. */
export interface RouteContract {
  access: AccessRule | undefined;
  response: ResponseContract | undefined;
  /** Name of the rate limit the route counts against; null for none. */
  rateLimit: string | null;
}

type Handler = (...args: never[]) => unknown;

const contracts = new WeakMap<Handler, RouteContract>();

/** The contract of the route that a guard, an interceptor or a filter works for. */
export function routeContractOf(context: ExecutionContext): RouteContract {
  return readRouteContract(context.getHandler() as Handler, context.getClass());
}

/** The contract of one handler; what the handler declares beats what its controller does. */
export function readRouteContract(handler: Handler, controller: Type): RouteContract {
  let contract = contracts.get(handler);
  if (!contract) {
    const read = <Value>(key: symbol): Value | undefined =>
      (Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)) as Value | undefined;
    const rateLimit = read<string | null>(RATE_LIMIT);
    contract = {
      access: read<AccessRule>(ACCESS_RULE),
      response: read<ResponseContract>(RESPONSE_CONTRACT),
      rateLimit: rateLimit === undefined ? 'default' : rateLimit,
    };
    contracts.set(handler, contract);
  }
  return contract;
}
