import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { requestContext, requestContextOf } from '../observability/request-context.js';
import { CORS_HEADERS } from './cors.js';
import { answerError } from './error-answer.js';
import { securityHeaders } from './security-headers.js';

const CONSTANT_HEADERS = { ...securityHeaders(), ...CORS_HEADERS };

/** What each response carries whoever answers it: request id, security headers, timing. */
export function registerHttpHooks(fastify: FastifyInstance, settings: Settings): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(CONSTANT_HEADERS).header('X-Request-ID', request.id);
    requestContext.run(requestContextOf(request, settings.GOOGLE_CLOUD_PROJECT), done);
  });

  // A client that keeps its connection would keep the process, too, once it has its last answer.
  fastify.addHook('preClose', (done) => {
    Object.assign(fastify.server, { keepAliveTimeout: 1, keepAliveTimeoutBuffer: 0 });
    done();
  });

  fastify.addHook('onSend', (_request, reply, payload, done) => {
    setTiming(reply);
    done(null, payload);
  });
}

/** Answers what the router refuses before any hook runs, such as a malformed URL, like everything else. */
export function answerRouterError(settings: Settings) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    reply.headers(CONSTANT_HEADERS).header('X-Request-ID', request.id);
    setTiming(reply);
    answerError(error, request, reply, { showStack: settings.showStack });
  };
}

function setTiming(reply: FastifyReply): void {
  const milliseconds = reply.elapsedTime.toFixed(3);
  reply.header('X-Response-Time', milliseconds).header('Server-Timing', `total;dur=${milliseconds}`);
}
