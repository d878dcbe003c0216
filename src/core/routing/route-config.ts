import type { INestApplicationContext } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { listRoutes, type Route } from './list-routes.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler behind a Fastify route: `request.routeOptions.config.route`. Absent where Nest has no part in it. */
    route?: Route;
    /** All that share the handler, by inheritance; {@link describeRoutes} finds out which one this is. */
    routes?: Route[];
  }
}

/** Lets hooks and the error filter know the {@link Route} of a request. Call it before the routes are registered. */
export function announceRoutes(app: INestApplicationContext): void {
  for (const [handler, routes] of Map.groupBy(listRoutes(app), ({ handler }) => handler)) {
    const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
    Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, routes }, handler);
  }
}

/** Calls `visit` for each route of a controller while Fastify registers it: the moment to set options and hooks of its own. */
export function onNestRoute(
  fastify: FastifyInstance,
  visit: (route: Route, options: RouteOptions) => void,
): void {
  fastify.addHook('onRoute', (options) => {
    const routes = options.config?.routes;
    if (!routes) return;
    const route = routes.find(({ path }) => options.url.endsWith(normalize(path))) ?? routes[0]!;
    options.config = { ...options.config, route };
    visit(route, options);
  });
}

const normalize = (path: string) => `/${path}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
