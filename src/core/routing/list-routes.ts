import { type INestApplicationContext, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { readRouteContract, type RouteContract } from './route-contract.js';

/** One handler of the running application, with what its decorators declare. */
export interface Route {
  controller: Type;
  /** Name of the method. */
  name: string;
  handler: (...args: never[]) => unknown;
  method: string;
  path: string;
  contract: RouteContract;
}

/** All routes of the running application, for the documentation and the architecture tests. */
export function listRoutes(app: INestApplicationContext): Route[] {
  const scanner = new MetadataScanner();
  const modules = [...app.get(ModulesContainer).values()];
  const controllers = modules.flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as Type),
  );
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, Route['handler']>;
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
