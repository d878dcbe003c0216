import type { FastifyCorsOptions } from '@fastify/cors';
import type { Settings } from '../../config/settings.js';

/** Browsers may call from the origins of `ALLOWED_ORIGINS`, with credentials, and read these response headers. */
export function corsOptions(settings: Settings): FastifyCorsOptions {
  return {
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
}
