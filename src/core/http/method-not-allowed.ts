import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MethodNotAllowed } from '../errors/errors.js';
import { pathOf, pathPattern } from '../routing/path-pattern.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Knows each path's methods, so that a request with another one is answered with 405 and `Allow` (RFC 9110, 15.5.6).
 * Fastify by itself answers 404.
 */
export class RouteMethods {
  private readonly methodsByUrl = new Map<string, Set<string>>();
  /** Made for the first request that needs them. */
  private patterns: Array<[RegExp, Set<string>]> | undefined;

  /** Create it before the routes are registered. */
  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method }) => {
      if (url.includes('*')) return;
      const methods = this.methodsByUrl.get(url) ?? new Set();
      this.methodsByUrl.set(url, methods);
      for (const each of [method].flat()) methods.add(each);
    });
  }

  /** Why the router found nothing for the request, if that is its method. */
  errorFor({ method, url }: FastifyRequest): MethodNotAllowed | undefined {
    if (!METHODS.includes(method)) return undefined;
    this.patterns ??= [...this.methodsByUrl].map(([each, methods]) => [pathPattern(each), methods]);
    const path = pathOf(url);
    const allowed = this.patterns
      .filter(([pattern]) => pattern.test(path))
      .flatMap(([, methods]) => [...methods]);
    if (allowed.length === 0) return undefined;
    const distinct = [...new Set(allowed)];
    return new MethodNotAllowed({ details: { allowed: distinct }, headers: { Allow: distinct.join(', ') } });
  }
}
