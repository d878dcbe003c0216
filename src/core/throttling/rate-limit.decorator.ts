import { SetMetadata } from '@nestjs/common';

export const RATE_LIMIT = Symbol('rate limit');

/** The limits that `Settings` configures. */
export type RateLimitName = 'default' | 'signIn';

/** Counts the route against another limit than `default`; `null` against none. */
export const RateLimit = (name: RateLimitName | null): MethodDecorator & ClassDecorator =>
  SetMetadata(RATE_LIMIT, name);
