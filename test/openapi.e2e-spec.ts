import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DynamicError } from '../src/core/errors/errors.js';
import { createOpenApiDocument, operationIdOf } from '../src/core/openapi/openapi.js';
import { listRoutes, type Route } from '../src/core/routing/list-routes.js';
import { errorsOf } from '../src/core/routing/route-errors.js';
import { type Setup, setup } from './support/setup.js';

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

describe('K2: the OpenAPI document', () => {
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
