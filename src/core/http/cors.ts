import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Settings } from '../../config/settings.js';
import type { RouteExtras } from './route-extras.js';

/** What answers tell browsers whoever asks. `Vary`: an answer to one origin is not for another (Fetch, "CORS protocol and HTTP caches"). */
export const CORS_HEADERS = {
  vary: 'Origin',
  'access-control-allow-credentials': 'true',
};

export const EXPOSED_HEADERS = [
  'X-Request-ID',
  'X-Response-Time',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'ETag',
  'Location',
  'Idempotency-Replayed',
  'Deprecation',
  'Sunset',
  'Link',
].join(', ');

const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-max-age': '600', // seconds
  'content-length': '0', // Safari waits for a body otherwise
};

/**
 * Browsers may call from the origins of `ALLOWED_ORIGINS`, or the route's own (`@AllowOrigins`). No plugin: it makes its
 * options anew for each request, of a browser or not.
 */
export function registerCors(fastify: FastifyInstance, settings: Settings, extras: RouteExtras): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined) return done();
    allow(origin, extras.originsFor(request) ?? settings.allowedOrigins, reply);
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers;
    if (!isPreflight) return done();
    reply.headers(PREFLIGHT_HEADERS).header('vary', 'Origin, Access-Control-Request-Headers');
    const headers = request.headers['access-control-request-headers'];
    if (headers !== undefined) reply.header('access-control-allow-headers', headers);
    reply.status(204).send();
  });
}

function allow(origin: string, origins: readonly string[], reply: FastifyReply): void {
  if (origins.includes('*')) {
    reply.header('access-control-allow-origin', '*').removeHeader('access-control-allow-credentials');
  } else if (origins.includes(origin)) {
    reply.header('access-control-allow-origin', origin);
  }
}
