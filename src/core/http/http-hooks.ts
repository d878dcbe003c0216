import type { FastifyInstance } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { requestContext, requestContextOf } from '../observability/request-context.js';
import { securityHeaders } from './security-headers.js';

/** What each response carries whoever answers it: request id, security headers, timing. */
export function registerHttpHooks(fastify: FastifyInstance, settings: Settings): void {
  const constant = securityHeaders();

  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(constant).header('X-Request-ID', request.id);
    requestContext.run(requestContextOf(request, settings.GOOGLE_CLOUD_PROJECT), done);
  });

  fastify.addHook('onSend', (_request, reply, payload, done) => {
    const milliseconds = reply.elapsedTime.toFixed(3);
    reply.header('X-Response-Time', milliseconds).header('Server-Timing', `total;dur=${milliseconds}`);
    done(null, payload);
  });
}
