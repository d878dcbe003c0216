import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { pathOf } from '../routing/path-pattern.js';
import { requestContext } from './request-context.js';

/** One line per request, when its answer has left. Neither bodies nor query strings nor headers are logged. */
export function registerRequestLog(fastify: FastifyInstance): void {
  // Nothing in these lines goes by the name of a secret; looking for one would cost more than all else of the line.
  const log = fastify.log.child({}, { redact: [] });
  fastify.addHook('onResponse', (request, reply, done) => {
    const line = lineOf(request, reply);
    const text = `${request.method} ${line.httpRequest.requestUrl} ${reply.statusCode}`;
    if (reply.statusCode >= 500) log.error(line, text);
    else log.info(line, text);
    done();
  });
}

/** `httpRequest` is the field that Cloud Logging shows as a request. */
function lineOf(request: FastifyRequest, reply: FastifyReply) {
  return {
    requestId: request.id,
    ...requestContext.getStore(),
    route: request.routeOptions.url,
    userId: request.user?.id,
    httpRequest: {
      requestMethod: request.method,
      requestUrl: pathOf(request.url),
      status: reply.statusCode,
      latency: `${(reply.elapsedTime / 1000).toFixed(6)}s`,
      remoteIp: request.ip,
      userAgent: request.headers['user-agent'],
    },
  };
}
