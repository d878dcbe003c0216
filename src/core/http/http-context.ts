import type { ArgumentsHost } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/*
 * `context.switchToHttp()` makes an object and three functions at each call, and a request's way through guards, pipes,
 * interceptor and handler has a dozen of them.
 */

/** The request that a guard, an interceptor, a filter or a parameter decorator works for. */
export const requestOf = (context: ArgumentsHost): FastifyRequest => context.getArgByIndex<FastifyRequest>(0);

/** Its answer. */
export const replyOf = (context: ArgumentsHost): FastifyReply => context.getArgByIndex<FastifyReply>(1);
