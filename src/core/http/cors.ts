import type { FastifyCorsOptions, FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import type { Settings } from '../../config/settings.js';
import type { RouteExtras } from './route-extras.js';

/** Browsers may call from the origins of `ALLOWED_ORIGINS`, or the route's own (`@AllowOrigins`), and read these response headers. */
export function corsOptions(settings: Settings, extras: RouteExtras): FastifyCorsOptionsDelegateCallback {
  const options: FastifyCorsOptions = {
    origin: settings.allowedOrigins,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
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
    ],
    maxAge: 600,
  };
  return (request, done) => {
    const origins = extras.originsFor(request);
    if (!origins) return done(null, options);
    const isAny = origins.includes('*');
    done(null, { ...options, origin: isAny ? '*' : [...origins], credentials: !isAny });
  };
}
