import type { RouteOptions } from 'fastify';
import { Gone } from '../errors/errors.js';
import type { Route } from '../routing/list-routes.js';
import { pathOf } from '../routing/path-pattern.js';

/** Gives a deprecated route its headers and its end. */
export function announceDeprecation({ contract }: Route, options: RouteOptions): void {
  if (!contract.deprecation) return;
  const { since, sunset, successor } = contract.deprecation;
  const end = sunset === undefined ? Infinity : Date.parse(sunset);
  const headers = {
    deprecation: `@${Date.parse(since) / 1000}`,
    ...(sunset === undefined ? {} : { sunset: new Date(end).toUTCString() }),
  };
  const announce: NonNullable<RouteOptions['preHandler']> = (request, reply, done) => {
    reply.headers(headers);
    if (successor !== undefined) {
      const path = pathOf(request.url).replace(/\/v[^/]+\//, `/v${successor}/`);
      reply.header('link', `<${path}>; rel="successor-version"`);
    }
    done(Date.now() < end ? undefined : new Gone());
  };
  options.onRequest = [options.onRequest ?? []].flat().concat(announce as never);
}
