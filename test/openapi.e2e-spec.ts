import { randomUUID } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenAPIObject } from '@nestjs/swagger';
import { jest } from '@jest/globals';
import { type CallHandler, type ExecutionContext, Module, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Firestore } from 'firebase-admin/firestore';
import { DynamicError } from '../src/core/errors/errors.js';
import { createOpenApiDocument, operationIdOf } from '../src/core/openapi/openapi.js';
import { listRoutes, type Route } from '../src/core/routing/list-routes.js';
import { errorsOf } from '../src/core/routing/route-errors.js';
import type { NewApiKeyResponse } from '../src/features/api-keys/api-keys.dto.js';
import { type Setup, setup } from './support/setup.js';
import { type Operation, operationsOf } from './support/openapi.js';
import { type Body, createAdmin, PASSWORD, person } from './support/users.js';

describe('K2: the OpenAPI document', () => {
  const documentedRoutes = ({ app }: Setup) => listRoutes(app).filter(({ contract }) => !contract.isHidden);

  const idOf = ({ controller, name }: Route) => operationIdOf(controller.name, name);

  interface Operation {
    operationId: string;
    tags?: string[];
    summary?: string;
    security?: object[];
    requestBody?: { content: Record<string, { schema: { $ref: string } }> };
    responses: Record<
      string,
      { description: string; content?: Record<string, { schema?: object; examples?: object }> }
    >;
  }

  let app: Setup;
  let document: OpenAPIObject;
  let operations: Operation[];

  beforeAll(async () => {
    app = await setup();
    document = createOpenApiDocument(app.app);
    operations = Object.values(document.paths).flatMap((path) =>
      Object.values(path as Record<string, Operation>),
    );
  });
  afterAll(() => app.close());

  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    // The validator resolves references in place: it gets a copy.
    const result = await new Validator().validate(structuredClone(document) as never);
    expect(result).toMatchObject({ valid: true });
  });

  it('is served as JSON and as YAML', async () => {
    const json = await app.app.inject('/docs-json');
    expect(json.json()).toEqual(JSON.parse(JSON.stringify(document)));
    const yaml = await app.app.inject('/docs-yaml');
    expect([yaml.statusCode, yaml.body.slice(0, 14)]).toEqual([200, 'openapi: 3.1.0']);
  });

  it.each(['/docs', '/docs/'])('has a page at %s whose files are all there', async (url) => {
    const page = await app.app.inject(url);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const files = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, file]) => file!);
    expect(files).toHaveLength(6);
    for (const file of files) {
      const { pathname } = new URL(file, `http://localhost${url}`);
      const { statusCode, rawPayload } = await app.app.inject(pathname);
      expect([pathname, statusCode]).toEqual([pathname, 200]);
      expect(rawPayload.length).toBeGreaterThan(100);
    }
  });

  it('knows every route, each once', () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(
      documentedRoutes(app).map(idOf).sort(),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it('leaves nothing untyped', () => {
    for (const { operationId, tags, summary, responses } of operations) {
      expect({ operationId, tags, summary }).toEqual({
        operationId,
        tags: [expect.any(String)],
        summary: expect.any(String),
      });
      for (const [status, { content }] of Object.entries(responses)) {
        const schemas = Object.values(content ?? {}).map(({ schema }) => schema);
        const expected = /^(?:20[24]|3\d\d)$/.test(status) ? [] : [expect.any(Object)];
        expect({ operationId, status, schemas }).toEqual({
          operationId,
          status,
          schemas: /^[45]|default/.test(status) ? [...expected, expect.any(Object)] : expected,
        });
      }
    }
    expect(JSON.stringify(document)).not.toContain('#/components/schemas/Object');
  });

  it('has an example for each property that a client sends or gets', () => {
    for (const [name, schema] of Object.entries(document.components!.schemas!)) {
      for (const [property, value] of Object.entries(
        (schema as { properties?: Record<string, object> }).properties ?? {},
      )) {
        const isTold = ['example', 'examples', 'default', '$ref', 'allOf', 'const', 'enum', 'items'].some(
          (key) => key in value,
        );
        if (/Body|Response$/.test(name) && !/^(Error|Problem)/.test(name))
          expect([name, property, isTold]).toEqual([name, property, true]);
      }
    }
  });

  it('documents the errors that a route declares and those that its kind brings', () => {
    for (const route of documentedRoutes(app)) {
      const declared = [...errorsOf(route)].filter((error) => error !== DynamicError);
      const statuses = new Set(declared.map(({ status }) => String(status)));
      const operation = operations.find(({ operationId }) => operationId === idOf(route))!;
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining([...statuses]));
    }
    const register = operations.find(({ operationId }) => operationId === 'authRegister')!;
    expect(Object.keys(register.responses)).toEqual(['201', '400', '409', '413', '415', '429', '500', '503']);
    expect(register.responses['409']!.content!['application/json']!.examples).toHaveProperty('EMAIL_TAKEN');
    expect(register.security).toBeUndefined();
    const me = operations.find(({ operationId }) => operationId === 'usersMe')!;
    expect(me.security).toEqual([{ bearer: [] }]);
    expect(me.responses).toHaveProperty('401');
  });

  it('says what class-validator says', () => {
    expect(document.components!.schemas!.RegisterBody).toMatchObject({
      required: expect.arrayContaining(['email', 'password', 'firstName', 'lastName']),
      properties: {
        email: { type: 'string', format: 'email' },
        password: { type: 'string', minLength: 8 },
      },
    });
    expect(JSON.stringify(document.components!.schemas!.RegisterBody)).not.toContain('role');
  });
});

/** What each route answers for reasons that are not its own; `response-coverage.js` looks that none is left out. */
describe('every route', () => {
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
