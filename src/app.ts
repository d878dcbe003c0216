import compress from '@fastify/compress';
import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyBaseLogger } from 'fastify';
import type { DestinationStream } from 'pino';
import { AppModule } from './app.module.js';
import type { Settings } from './config/settings.js';
import { corsOptions } from './core/http/cors.js';
import { registerHttpHooks } from './core/http/http-hooks.js';
import { RouteMethods } from './core/http/method-not-allowed.js';
import { requestIdOf } from './core/http/request-id.js';
import { createLogger } from './core/observability/logger.js';
import { NestLogger } from './core/observability/nest-logger.js';
import { registerRequestLog } from './core/observability/request-log.js';

/**
 * Builds the whole application, ready to listen or to be called with `inject`. The process, the tests and the commands
 * all use this.
 * @param logDestination where log lines go instead of standard output
 */
export async function createApp(
  settings: Settings,
  logDestination?: DestinationStream,
): Promise<NestFastifyApplication> {
  const logger = createLogger(settings, logDestination);
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    childLoggerFactory: (parent: FastifyBaseLogger) => parent, // the request id comes from the request context, see logger.ts
    disableRequestLogging: true,
    genReqId: requestIdOf,
    requestIdHeader: false,
    bodyLimit: settings.BODY_LIMIT,
    trustProxy: (_address: string, hop: number) => hop < settings.TRUSTED_PROXIES,
  });
  const fastify = adapter.getInstance();
  const routeMethods = new RouteMethods(fastify);
  registerHttpHooks(fastify, settings);
  registerRequestLog(fastify);

  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.register(compress, { threshold: 1024 });
  app.enableCors(corsOptions(settings));
  app.setGlobalPrefix(settings.API_PREFIX, { exclude: ['health', 'health/{*path}'] });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  await app.init();
  routeMethods.refuseOthers();
  await fastify.ready();
  return app;
}
