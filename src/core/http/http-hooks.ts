import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { requestContext, requestContextOf } from '../observability/request-context.js';
import { answerError } from './error-answer.js';
import { carryCommonHeaders } from './common-headers.js';

/** What each response carries whoever answers it: request id, security headers, timing. */
export function registerHttpHooks(fastify: FastifyInstance, settings: Settings): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    carryCommonHeaders(request, reply);
    requestContext.run(requestContextOf(request, settings.GOOGLE_CLOUD_PROJECT), done);
  });

  // A client that keeps its connection would keep the process, too, once it has its last answer.
  fastify.addHook('preClose', (done) => {
    Object.assign(fastify.server, { keepAliveTimeout: 1, keepAliveTimeoutBuffer: 0 });
    done();
  });
}

/** Answers what the router refuses before any hook runs, such as a malformed URL, like everything else. */
export function answerRouterError(settings: Settings) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    carryCommonHeaders(request, reply);
    answerError(error, request, reply, { showStack: settings.showStack });
  };
}
