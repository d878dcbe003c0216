import { replyOf, requestOf } from '../http/http-context.js';
import { setTimeout as delay } from 'node:timers/promises';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  normalizeIp,
  type ThrottlerModuleOptions,
  ThrottlerStorage,
} from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/caller.js';
import { TooManyRequests } from '../errors/errors.js';
import { routeContractOf } from '../routing/route-contract.js';
import { FixedWindowStorage, type Hit } from './fixed-window.storage.js';

/** From this share of the limit on, answers slow down, so that a careless client notices before it is refused. */
const SLOW_FROM = 0.8;
const SLOWEST_MILLISECONDS = 500;

interface Limit {
  name: string;
  /** Requests in a window. */
  limit: number;
  /** Length of the window, in milliseconds. */
  ttl: number;
  /** Value of the `RateLimit-Policy` header. */
  policy: string;
  /** By what the storage knows a user, made once for each token: V8 keeps the hash of a string that is used again. */
  keys: WeakMap<Caller, string>;
}

type Named = Pick<Limit, 'name' | 'limit' | 'ttl'>;

/**
 * Counts each request against the limit its route names (`@RateLimit`), by user or else by address, and says so in the
 * `RateLimit` and `RateLimit-Policy` headers (draft-ietf-httpapi-ratelimit-headers).
 *
 * It is no `ThrottlerGuard`, whose several promises and look-ups by `Reflector` cost more than the counting.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly limits: Map<string, Limit>;

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
  ) {
    const throttlers = Array.isArray(options) ? options : options.throttlers;
    this.limits = new Map(throttlers.map((each) => [each.name!, toLimit(each as Named)]));
  }

  /** Without a promise where the storage is in this process and the caller need not be slowed down. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { rateLimit } = routeContractOf(context);
    if (rateLimit === null) return true;
    const limit = this.limits.get(rateLimit)!;
    const reply = replyOf(context);
    const key = keyOf(limit, requestOf(context));
    if (this.storage instanceof FixedWindowStorage) {
      return judge(this.storage.hit(key, limit.ttl, limit.limit), limit, reply);
    }
    const counted = this.storage.increment(key, limit.ttl, limit.limit, 0, limit.name);
    return counted.then((hit) => judge(hit, limit, reply));
  }
}

function toLimit({ name, limit, ttl }: Named): Limit {
  return { name, limit, ttl, policy: `"${name}";q=${limit};w=${ttl / 1000}`, keys: new WeakMap() };
}

function keyOf({ name, keys }: Limit, request: FastifyRequest): string {
  const { user } = request;
  if (!user) return `${name}:address:${normalizeIp(request.ip)}`;
  let key = keys.get(user);
  if (key === undefined) keys.set(user, (key = `${name}:user:${user.id}`));
  return key;
}

function judge(hit: Hit, { name, limit, policy }: Limit, reply: FastifyReply): boolean | Promise<boolean> {
  const { totalHits, timeToExpire } = hit;
  reply.header('ratelimit-policy', policy);
  reply.header('ratelimit', `"${name}";r=${Math.max(0, limit - totalHits)};t=${timeToExpire}`);
  if (totalHits > limit) throw new TooManyRequests({ headers: { 'Retry-After': String(timeToExpire) } });
  const excess = totalHits / limit - SLOW_FROM;
  return excess <= 0 || delay((SLOWEST_MILLISECONDS * excess) / (1 - SLOW_FROM), true);
}
