import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { type CallHandler, type ExecutionContext, Module, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Firestore } from 'firebase-admin/firestore';
import type { NewApiKeyResponse } from '../src/features/api-keys/api-keys.dto.js';
import { createOpenApiDocument } from '../src/core/openapi/openapi.js';
import { type Operation, operationsOf } from './support/openapi.js';
import { type Setup, setup } from './support/setup.js';
import { type Body, createAdmin, PASSWORD, person } from './support/users.js';

/** Of both applications: passport knows one strategy of each name in a process. */
const JWT_SECRET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Fails in the place of the handler, for requests that ask for it. */
class Faults implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (headers['x-fault']) throw new Error(String(headers['x-fault']));
    return next.handle();
  }
}

@Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: Faults }] })
class FaultsModule {}

/** What each route answers for reasons that are not its own; `response-coverage.js` looks that none is left out. */
describe('every route', () => {
  let app: Setup;
  let operations: Operation[];
  let admin: Awaited<ReturnType<typeof createAdmin>>;

  beforeAll(async () => {
    app = await setup({ BODY_LIMIT: '1024', JWT_SECRET }, { imports: [FaultsModule] });
    operations = operationsOf(createOpenApiDocument(app.app));
    admin = await createAdmin(app);
  });
  afterAll(() => app.close());
  afterEach(() => void jest.restoreAllMocks());

  const documenting = (status: number) => operations.filter(({ responses }) => status in responses);
  const urlOf = ({ path }: Operation, value: string) => path.replaceAll(/\{\w+\}/g, value);

  const send = async (
    to: Setup,
    operation: Operation,
    options: object = {},
    value: string = randomUUID(),
  ) => {
    const { method } = operation;
    const { statusCode } = await to.app.inject({ method, url: urlOf(operation, value), ...options });
    return statusCode;
  };
  const signedIn = () => ({ authorization: `Bearer ${admin.token}` });
  const json = { 'content-type': 'application/json' };

  it.each([
    ['400: malformed JSON', 400, { payload: '{"', headers: json }],
    ['413: a body above the limit', 413, { payload: `"${'x'.repeat(5000)}"`, headers: json }],
    ['415: a body of another type', 415, { payload: 'a,b', headers: { 'content-type': 'text/csv' } }],
  ])('%s', async (_name, status, options) => {
    const withBody = documenting(status).filter(({ method }) => method === 'POST' || method === 'PATCH');
    expect(withBody.length).toBeGreaterThan(5);
    for (const operation of withBody)
      expect([operation.id, await send(app, operation, options)]).toEqual([operation.id, status]);
  });

  it('400: a path parameter that is not what it should be', async () => {
    const withPath = documenting(400).filter(({ parameters, method }) =>
      parameters.some((each) => each.in === 'path' && method !== 'PATCH'),
    );
    expect(withPath.length).toBeGreaterThan(2);
    for (const operation of withPath)
      expect([operation.id, await send(app, operation, { headers: signedIn() }, '_')]).toEqual([
        operation.id,
        400,
      ]);
  });

  it('403: an API key that is for something else', async () => {
    const make = async (scope: string) => {
      const body = { name: 'x', scopes: [scope] };
      const { data } = (await app.post<Body<NewApiKeyResponse>>('/api-keys', body, { token: admin.token }))
        .body;
      return { authorization: `Bearer ${data.key}` };
    };
    const [toDelete, toList] = [await make('users:delete'), await make('users:list')];
    expect(documenting(403).length).toBeGreaterThan(10);
    for (const operation of documenting(403)) {
      const headers = operation.id === 'usersDelete' ? toList : toDelete;
      expect([operation.id, await send(app, operation, { headers })]).toEqual([operation.id, 403]);
    }
  });

  it('429: above the rate limit', async () => {
    const limited = await setup({ RATE_LIMIT: '1', RATE_LIMIT_SIGN_IN: '1', JWT_SECRET });
    const payloadFor = ({ method }: Operation) =>
      method === 'POST' || method === 'PATCH' ? { payload: {}, headers: json } : {};
    for (const operation of documenting(429)) {
      const first = await send(limited, operation, payloadFor(operation));
      const status = first === 429 ? first : await send(limited, operation, payloadFor(operation));
      expect([operation.id, status]).toEqual([operation.id, 429]);
    }
    await limited.close();
  });

  it('500: a fault of ours', async () => {
    const headers = { ...signedIn(), 'x-fault': 'a secret' };
    for (const operation of documenting(500))
      expect([operation.id, await send(app, operation, { headers })]).toEqual([operation.id, 500]);
  });

  it('503: Firestore is busy', async () => {
    const busy = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'unavailable' });
    const firestore = app.app.get(Firestore);
    jest.spyOn(firestore, 'runTransaction').mockRejectedValue(busy);
    jest.spyOn(firestore, 'doc').mockImplementation(() => ({ get: () => Promise.reject(busy) }) as never);
    const payloads: Record<string, object> = {
      authRegister: person(),
      authLogin: { email: admin.user.email, password: PASSWORD },
      passwordChange: { currentPassword: PASSWORD, newPassword: PASSWORD },
      passwordForgot: { email: admin.user.email },
      passwordReset: { token: 'x', newPassword: PASSWORD },
      authRefresh: { refreshToken: admin.tokens.refreshToken },
    };
    for (const operation of documenting(503)) {
      const payload = payloads[operation.id] ?? (operation.method === 'POST' ? {} : undefined);
      const status = await send(app, operation, { payload, headers: signedIn() });
      expect([operation.id, status]).toEqual([operation.id, 503]);
    }
  });
});
