/**
 * This service with nothing on that `@pbvision/fastify-firestore-service` lacks: no security headers, no CORS, no limits,
 * no versions by header, ids of requests that are counted and go no further than the log line, no address of the client in
 * that, no verification of tokens. Checks of what comes in and goes
 * out, declared errors, transactions, compression, timing and the log line stay, and are the service's own.
 */
import { randomUUID } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Module, type Type, VersioningType } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyBaseLogger, LogController } from 'fastify';
import { SettingsModule } from '../../../src/config/settings.module.js';
import { AuthCoreModule } from '../../../src/core/auth/auth-core.module.js';
import type { Role } from '../../../src/core/auth/roles.js';
import { Forbidden, Unauthorized } from '../../../src/core/errors/errors.js';
import { FirestoreModule } from '../../../src/core/firestore/firestore.module.js';
import { AnswerInterceptor } from '../../../src/core/http/answer.interceptor.js';
import { ErrorFilter } from '../../../src/core/http/error.filter.js';
import { registerCompression } from '../../../src/core/http/compression.js';
import { requestOf } from '../../../src/core/http/http-context.js';
import { HttpModule } from '../../../src/core/http/http.module.js';
import { ImmediateBody } from '../../../src/core/http/immediate-body.js';
import { handleRoutesAtOnce } from '../../../src/core/http/route-handlers.js';
import { keepRequestsYoung } from '../../../src/core/http/young-requests.js';
import { createLogger } from '../../../src/core/observability/logger.js';
import { NestLogger } from '../../../src/core/observability/nest-logger.js';
import { registerRequestLog } from '../../../src/core/observability/request-log.js';
import { PaginationModule } from '../../../src/core/pagination/pagination.module.js';
import { announceRoutes, onNestRoute } from '../../../src/core/routing/route-config.js';
import { DtoPipe } from '../../../src/core/validation/dto.pipe.js';
import type { Claims, Start } from './data.js';
import { BenchModule, IN_MEMORY, settingsOf } from './service-app.js';

/** Reads the token as behind a gateway that has verified it, like the other. */
class ClaimsGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = requestOf(context);
    const { authorization } = request.headers;
    if (!authorization?.startsWith('Bearer ')) throw new Unauthorized();
    const claims = Buffer.from(authorization.split('.')[1]!, 'base64url').toString();
    const { sub, role, sid } = JSON.parse(claims) as Claims;
    if (role !== 'user') throw new Forbidden();
    request.user = { id: sub, role: role satisfies Role, sessionId: sid };
    return true;
  }
}

@Module({
  imports: [AuthCoreModule, HttpModule, FirestoreModule, PaginationModule],
  providers: [
    { provide: APP_GUARD, useClass: ClaimsGuard },
    { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
    { provide: APP_PIPE, useClass: DtoPipe },
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
})
class BareModule {}

/** The module on a server that has only these. */
export async function startBareWith(module: Type, environment: Record<string, string>): Promise<number> {
  keepRequestsYoung();
  const settings = await settingsOf(environment);
  const logger = await createLogger(settings);
  const adapter = createAdapter(logger);
  const fastify = adapter.getInstance();
  onNestRoute(fastify, () => undefined);
  registerRequestLog(fastify);
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('X-Response-Time', reply.elapsedTime.toFixed(3));
    done(null, payload);
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: BareModule, imports: [SettingsModule.forRoot(settings), module] },
    adapter,
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false },
  );
  handleRoutesAtOnce(app);
  await registerCompression(app);
  app.setGlobalPrefix(settings.API_PREFIX);
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  announceRoutes(app);
  await app.listen(0, '127.0.0.1');
  return Number(new URL(await app.getUrl()).port);
}

function createAdapter(logger: FastifyBaseLogger): FastifyAdapter {
  const server = randomUUID();
  let requests = 0;
  return new FastifyAdapter({
    http: { optimizeEmptyRequests: true, IncomingMessage: ImmediateBody },
    loggerInstance: logger,
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => `${server}-${++requests}`,
    requestIdHeader: false,
  });
}

export const start: Start = () => startBareWith(BenchModule, IN_MEMORY);
