import type { FastifyInstance, HTTPMethods } from 'fastify';
import { MethodNotAllowed } from '../errors/errors.js';

const METHODS: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Collects each path's methods while routes are registered, so that {@link RouteMethods.refuseOthers} can answer the
 * rest with 405 and `Allow` (RFC 9110, 15.5.6). Fastify by itself answers 404.
 */
export class RouteMethods {
  /** By path with the names of its parameters left out: `/users/:id` and `/users/:name` are one path to the router. */
  private readonly paths = new Map<string, { url: string; methods: Set<string> }>();

  constructor(private readonly fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method }) => {
      const shape = url.replaceAll(/:[^/]+/g, ':');
      const path = this.paths.get(shape) ?? { url, methods: new Set() };
      for (const each of [method].flat()) path.methods.add(each);
      this.paths.set(shape, path);
    });
  }

  /** Call it once, when all routes are registered. */
  refuseOthers(): void {
    for (const { url, methods } of [...this.paths.values()]) {
      const others = METHODS.filter((method) => !methods.has(method));
      if (others.length === 0 || url.includes('*')) continue;
      const allowed = [...methods];
      this.fastify.route({
        method: others,
        url,
        handler: () => {
          throw new MethodNotAllowed({ details: { allowed }, headers: { Allow: allowed.join(', ') } });
        },
      });
    }
  }
}
