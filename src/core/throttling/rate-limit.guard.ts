import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { normalizeIp, ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TooManyRequests } from '../errors/errors.js';

/** From this share of the limit on, answers slow down, so that a careless client notices before it is refused. */
const SLOW_FROM = 0.8;
const SLOWEST_MILLISECONDS = 500;

/**
 * Counts each request against the limit its route names (`@RateLimit`), by user or else by address, and says so in the
 * `RateLimit` and `RateLimit-Policy` headers (draft-ietf-httpapi-ratelimit-headers).
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override async handleRequest({
    context,
    limit,
    ttl,
    throttler,
  }: ThrottlerRequest): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const name = throttler.name!;
    const caller = request.user ? `user:${request.user.id}` : `address:${normalizeIp(request.ip)}`;
    const { totalHits, timeToExpire } = await this.storageService.increment(
      `${name}:${caller}`,
      ttl,
      limit,
      0,
      name,
    );
    reply.header('RateLimit-Policy', `"${name}";q=${limit};w=${ttl / 1000}`);
    reply.header('RateLimit', `"${name}";r=${Math.max(0, limit - totalHits)};t=${timeToExpire}`);
    if (totalHits > limit) throw new TooManyRequests({ headers: { 'Retry-After': String(timeToExpire) } });
    const excess = totalHits / limit - SLOW_FROM;
    if (excess > 0) await delay((SLOWEST_MILLISECONDS * excess) / (1 - SLOW_FROM));
    return true;
  }
}
