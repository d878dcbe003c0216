import { type Type, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyBaseLogger, LogController } from 'fastify';
import type { DestinationStream } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { AppModule } from './app.module.js';
import { endLeanStart } from './config/lean-start.js';
import type { Settings } from './config/settings.js';
import { registerCompression } from './core/http/compression.js';
import { registerCors } from './core/http/cors.js';
import { answerRouterError, registerHttpHooks } from './core/http/http-hooks.js';
import { answerMalformed } from './core/http/malformed-request.js';
import { RouteMethods } from './core/http/method-not-allowed.js';
import { ImmediateBody } from './core/http/immediate-body.js';
import { handleRoutesAtOnce } from './core/http/route-handlers.js';
import { requestIdOf } from './core/http/request-id.js';
import { RouteExtras } from './core/http/route-extras.js';
import { schemaCompilers } from './core/http/schema-compilers.js';
import { keepRequestsYoung } from './core/http/young-requests.js';
import { createLogger } from './core/observability/logger.js';
import { NestLogger } from './core/observability/nest-logger.js';
import { registerRequestLog } from './core/observability/request-log.js';
import { serveDocumentation } from './core/openapi/serve-documentation.js';
import { announceRoutes, onNestRoute } from './core/routing/route-config.js';
import { announceDeprecation } from './core/versioning/deprecation-headers.js';
import { versionSelector } from './core/versioning/select-version.js';
import { UnsupportedVersions } from './core/versioning/unsupported-versions.js';

export interface AppOptions {
  /** Where log lines go instead of standard output. */
  logDestination?: DestinationStream;
  /** Further modules, e.g. a test's own routes. */
  imports?: Type[];
}

/** Builds the whole application, ready to listen or to be called with `inject`. Process, tests and commands use it. */
export async function createApp(
  settings: Settings,
  options: AppOptions = {},
): Promise<NestFastifyApplication> {
  keepRequestsYoung();
  const logger = await createLogger(settings, options.logDestination);
  const adapter = createAdapter(settings, logger);
  const fastify = adapter.getInstance();
  const routeMethods = new RouteMethods(fastify);
  const unsupportedVersions = new UnsupportedVersions(fastify, settings.API_PREFIX);
  const extras = new RouteExtras(fastify);
  onNestRoute(fastify, (route, routeOptions) => {
    announceDeprecation(route, routeOptions);
    extras.apply(route, routeOptions);
  });
  registerHttpHooks(fastify, settings);
  registerCors(fastify, settings, extras);
  registerRequestLog(fastify);
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (request.is404) done(routeMethods.errorFor(request) ?? unsupportedVersions.errorFor(request));
    else done();
  });

  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(settings, options.imports),
    adapter,
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false },
  );
  app.useBodyParser('application/x-www-form-urlencoded'); // JSON is Fastify's own; Nest's copies each body first
  handleRoutesAtOnce(app);
  await registerCompression(app);
  app.setGlobalPrefix(settings.API_PREFIX, { exclude: ['health', 'health/{*path}', '.well-known/{*path}'] });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  serveDocumentation(app);
  announceRoutes(app);
  await app.init();
  await fastify.ready();
  endLeanStart();
  return app;
}

function createAdapter(settings: Settings, logger: FastifyBaseLogger): FastifyAdapter {
  return new FastifyAdapter({
    http: {
      optimizeEmptyRequests: true, // no stream, and none of its events, for a body that is not there
      IncomingMessage: ImmediateBody,
    },
    loggerInstance: logger,
    childLoggerFactory: (parent: FastifyBaseLogger) => parent, // the request id comes from the request context, see logger.ts
    logController: new LogController({ disableRequestLogging: true }), // request-log.ts writes one line instead of two
    genReqId: requestIdOf,
    requestIdHeader: false,
    frameworkErrors: answerRouterError(settings),
    clientErrorHandler: answerMalformed,
    bodyLimit: settings.BODY_LIMIT,
    return503OnClosing: false, // what still comes on an open connection is answered as always
    rewriteUrl: versionSelector(settings.API_PREFIX, packageJson.name),
    schemaController: { compilersFactory: schemaCompilers },
    trustProxy: (_address: string, hop: number) => hop < settings.TRUSTED_PROXIES,
  });
}
