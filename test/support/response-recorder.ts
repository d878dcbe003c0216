import { appendFileSync, mkdirSync } from 'node:fs';
import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { operationIdOf } from '../../src/core/openapi/openapi.js';

export const RESPONSES = 'coverage/responses';

/** Notes which responses of which operations the tests have produced; see `response-coverage.js`. */
@Module({})
export class ResponseRecorder implements OnApplicationShutdown {
  private readonly seen = new Set<string>();

  constructor(host: HttpAdapterHost<FastifyAdapter>) {
    host.httpAdapter.getInstance().addHook('onResponse', (request, reply, done) => {
      const { route } = request.routeOptions.config;
      if (route) this.seen.add(`${operationIdOf(route.controller.name, route.name)} ${reply.statusCode}`);
      done();
    });
  }

  onApplicationShutdown(): void {
    mkdirSync(RESPONSES, { recursive: true });
    appendFileSync(`${RESPONSES}/${process.pid}.txt`, [...this.seen, ''].join('\n'));
  }
}
