import { createRequire } from 'node:module';
import type { FastifyServerOptions } from 'fastify';

type SchemaCompilers = Required<
  NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
>;

const requireOfFastify = createRequire(createRequire(import.meta.url).resolve('fastify'));

/**
 * Fastify's own compilers of JSON schemas, a hundred files, loaded with the first route that has a schema: a plugin's,
 * for the service's routes have DTOs. In such a schema names of headers are in lower case.
 */
export const schemaCompilers: SchemaCompilers = {
  buildValidator: atFirstUse('@fastify/ajv-compiler'),
  buildSerializer: atFirstUse('@fastify/fast-json-stringify-compiler'),
};

function atFirstUse<Build extends (...parameters: never[]) => unknown>(compiler: string): Build {
  let build: Build | undefined;
  return ((...parameters) => {
    build ??= (requireOfFastify(compiler) as () => Build)();
    return build(...parameters);
  }) as Build;
}
