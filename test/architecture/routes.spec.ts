import { type Type, Module } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { HTTPMethods } from 'fastify';
import { TypedError, type TypedErrorClass } from '../../src/core/errors/typed-error.js';
import { listRoutes, type Route } from '../../src/core/routing/list-routes.js';
import { isDto } from '../../src/core/validation/dto.js';
import { type Setup, setup } from '../support/setup.js';
import { sourceFiles } from './sources.js';

/** What Fastify answers, whoever registered it. */
const registered: Array<{ method: HTTPMethods; url: string }> = [];

@Module({})
class RouteCollector {
  constructor(host: HttpAdapterHost<FastifyAdapter>) {
    host.httpAdapter.getInstance().addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) registered.push({ method: each, url });
    });
  }
}

/** Swagger UI's own routes, the preflight of CORS, and the refusal of versions that a path does not have. */
const FOREIGN = /^(?:\/docs(?:-json|-yaml|\/.*)?|\*|\/api\/v:.*)$/;

const nameOf = ({ controller, name }: Route) => `${controller.name}.${name}`;
const pathOf = (url: string) =>
  `/${url.replace(/^\/api\/v\d+/, '')}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');

describe('each route of the running application', () => {
  let app: Setup;
  let routes: Route[];

  beforeAll(async () => {
    app = await setup({}, { imports: [RouteCollector] });
    routes = listRoutes(app.app);
  });

  afterAll(() => app.close());

  /** The names of those that break a rule, so that a failure reads as a list of what to mend. */
  const breaking = (rule: (route: Route) => boolean) => routes.filter((route) => !rule(route)).map(nameOf);

  it('is a handler of a controller: none escapes the rules below', async () => {
    const answering = await Promise.all(
      registered
        .filter(({ method, url }) => !FOREIGN.test(url) && method !== 'HEAD' && method !== 'OPTIONS')
        .map(async ({ method, url }) => {
          const { statusCode } = await app.app.inject({ method: method as 'GET', url });
          return statusCode === 405 ? [] : [`${method} ${pathOf(url)}`];
        }),
    );
    const declared = routes.map(({ method, path }) => `${method} ${pathOf(path)}`);
    expect(declared.length).toBeGreaterThan(10);
    expect(answering.flat().sort()).toEqual(declared.sort());
  });

  it('says who may use it', () => {
    expect(breaking(({ contract }) => contract.access !== undefined)).toEqual([]);
  });

  it('refuses who has not signed in, unless it says @Public()', async () => {
    const closed = registered.filter(({ method, url }) => {
      const route = routes.find((each) => each.method === method && pathOf(each.path) === pathOf(url));
      return route && route.contract.access?.kind !== 'public';
    });
    expect(closed.length).toBeGreaterThan(5);
    for (const { method, url } of closed) {
      const { statusCode } = await app.app.inject({ method: method as 'GET', url });
      if (statusCode === 405) continue; // another version of the path has the method
      expect(`${method} ${url} ${statusCode}`).toBe(`${method} ${url} 401`);
    }
  });

  it('says what it answers with, in a DTO that has rules, and what for', () => {
    expect(breaking(({ contract }) => Boolean(contract.response?.summary.trim()))).toEqual([]);
    expect(
      breaking(({ contract }) => contract.response?.type === null || isDto(contract.response?.type)),
    ).toEqual([]);
  });

  it('takes its body, query and path as a DTO that has rules', () => {
    expect(breaking((route) => inputTypesOf(route).every(isDto))).toEqual([]);
  });

  it('names a parameter that its path has, where the owner may use it', () => {
    const hasParameter = ({ contract: { access }, path }: Route) =>
      access?.kind !== 'selfOr' || path.split('/').includes(`:${access.parameter}`);
    expect(breaking(hasParameter)).toEqual([]);
  });

  it('lists errors that a client can tell apart', async () => {
    const declared = routes.flatMap(({ contract }) => contract.response?.errors ?? []);
    const errors = [...new Set([...declared, ...(await exportedErrors())])];
    expect(errors.length).toBeGreaterThan(10);
    expect(errors.filter((error) => !(error.prototype instanceof TypedError))).toEqual([]);
    expect(errors.filter(({ code }) => !/^[A-Z][A-Z0-9_]+$/.test(code)).map(({ name }) => name)).toEqual([]);
    expect(errors.filter(({ status }) => status < 400 || status > 599).map(({ name }) => name)).toEqual([]);
    const byCode = Map.groupBy(errors, ({ code }) => code);
    const shared = [...byCode.values()].filter(({ length }) => length > 1);
    expect(shared.map((classes) => classes.map(({ name }) => name))).toEqual([]);
  });
});

/** The declared types of what the client sends. `import type` would make them Object. */
function inputTypesOf({ controller, name }: Route): unknown[] {
  const inputs = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as
    Record<string, object> | undefined;
  const types = Reflect.getMetadata('design:paramtypes', controller.prototype as object, name) as Type[];
  return Object.keys(inputs ?? {})
    .map((key) => key.split(':').map(Number) as [kind: RouteParamtypes, index: number])
    .filter(([kind]) => [RouteParamtypes.BODY, RouteParamtypes.QUERY, RouteParamtypes.PARAM].includes(kind))
    .map(([, index]) => types[index]);
}

/** Every error class of the sources, declared by a route or not; not those made to be told apart at run time. */
async function exportedErrors(): Promise<Array<TypedErrorClass & { prototype: unknown }>> {
  const modules = sourceFiles('src')
    .filter((file) => !file.endsWith('main.ts') && !file.includes('/commands/'))
    .map(async (file) => Object.values((await import(`../../${file}`)) as Record<string, unknown>));
  const exported = (await Promise.all(modules)).flat();
  return exported.filter(
    (each): each is TypedErrorClass & { prototype: unknown } =>
      typeof each === 'function' && each.prototype instanceof TypedError && each.name !== 'DynamicError',
  );
}
