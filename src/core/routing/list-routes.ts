import { type INestApplicationContext, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { type Handler, readRouteContract, type RouteContract } from './route-contract.js';

/** One handler of the running application, with what its decorators declare. */
export interface Route {
  controller: Type;
  /** Name of the method. */
  name: string;
  handler: Handler;
  method: string;
  path: string;
  contract: RouteContract;
}

const known = new WeakMap<ModulesContainer, Route[]>();

/** All routes of the application, read once when it starts. */
export function listRoutes(app: INestApplicationContext): Route[] {
  const container = app.get(ModulesContainer);
  let routes = known.get(container);
  if (!routes) known.set(container, (routes = readRoutes(container)));
  return routes;
}

function readRoutes(container: ModulesContainer): Route[] {
  const scanner = new MetadataScanner();
  const controllers = [...container.values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as Type),
  );
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, Handler>;
    return scanner
      .getAllMethodNames(prototype)
      .map((name) => ({ name, handler: prototype[name]! }))
      .filter(({ handler }) => Reflect.hasMetadata(PATH_METADATA, handler))
      .map(({ name, handler }) => ({
        controller,
        name,
        handler,
        method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod],
        path: [controller, handler]
          .map((target) => Reflect.getMetadata(PATH_METADATA, target) as string)
          .join('/'),
        contract: readRouteContract(handler, controller),
      }));
  });
}
