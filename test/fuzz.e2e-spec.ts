import fc from 'fast-check';
import type { OpenAPIObject } from '@nestjs/swagger';
import { MockAgent } from 'undici';
import { createOpenApiDocument } from '../src/core/openapi/openapi.js';
import { HttpClient } from '../src/core/http-client/http-client.js';
import { type Operation, operationsOf, responseChecker, type Schema } from './support/openapi.js';
import { type Setup, setup } from './support/setup.js';
import { createAdmin, registerUser } from './support/users.js';

/** Requests in all. `npm run test:fuzz` sends many more. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);

interface FuzzedRequest {
  operation: Operation;
  url: string;
  headers: Record<string, string>;
  payload?: string;
}

/** What a client could send by mistake or on purpose: right, nearly right, or anything. */
function requestsOf(operations: Operation[], { components }: OpenAPIObject, tokens: string[], ids: string[]) {
  const schemas = components!.schemas as Record<string, Schema>;
  const anyText = fc.oneof(fc.string({ maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 30 }));

  const valid = (schema: Schema): fc.Arbitrary<unknown> => {
    const { $ref, type, enum: values, format, pattern, example, items, properties, required = [] } = schema;
    if (typeof $ref === 'string') return valid(schemas[$ref.split('/').at(-1)!]!);
    if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]));
    if (pattern !== undefined && example !== undefined) return fc.constantFrom(example, 'Ada', '名前');
    if (format === 'uuid') return fc.oneof(fc.constantFrom(...ids), fc.uuid());
    if (format === 'email') return fc.emailAddress();
    const { minLength, maxLength = 40, minimum, maximum } = schema as Record<string, number | undefined>;
    if (type === 'string')
      return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 40) });
    if (type === 'integer') return fc.integer({ min: minimum, max: maximum });
    if (type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true });
    if (type === 'boolean') return fc.boolean();
    if (type === 'array') return fc.array(valid(items as Schema), { maxLength: 3 });
    const fields = Object.entries((properties ?? {}) as Record<string, Schema>);
    return fc.record(Object.fromEntries(fields.map(([name, each]) => [name, valid(each)])), {
      requiredKeys: required as string[],
    });
  };

  const nearly = (schema: Schema) =>
    fc
      .tuple(valid(schema), fc.string(), fc.jsonValue())
      .map(([value, name, other]) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? { ...value, [Object.keys(value)[name.length % 5] ?? name]: other }
          : other,
      );

  const payloadOf = (schema: Schema) =>
    fc.oneof(
      { weight: 4, arbitrary: valid(schema).map((value) => JSON.stringify(value)) },
      { weight: 3, arbitrary: nearly(schema).map((value) => JSON.stringify(value)) },
      { weight: 1, arbitrary: fc.json() },
      { weight: 1, arbitrary: anyText },
    );

  const textOf = (schema: Schema) =>
    fc.oneof({ weight: 3, arbitrary: valid(schema).map((value) => String(value as string)) }, anyText);

  const valuesOf = (operation: Operation, place: string) => {
    const declared = operation.parameters.filter((each) => each.in === place);
    const values = Object.fromEntries(declared.map(({ name, schema }) => [name, textOf(schema)]));
    return fc.record(values, { requiredKeys: place === 'path' ? Object.keys(values) : [] });
  };

  const requestOf = (operation: Operation): fc.Arbitrary<FuzzedRequest> =>
    fc
      .record({
        path: valuesOf(operation, 'path'),
        query: valuesOf(operation, 'query'),
        headers: valuesOf(operation, 'header'),
        token: fc.option(fc.constantFrom(...tokens), { nil: undefined }),
        payload: operation.body['application/json']
          ? fc.option(payloadOf(operation.body['application/json']), { nil: undefined, freq: 20 })
          : fc.constant(undefined),
        type: fc.constantFrom(...Object.keys(operation.body), 'application/json', 'text/csv'),
        accept: fc.constantFrom('application/json', 'application/problem+json', '*/*'),
      })
      .map(({ path, query, headers, token, payload, type, accept }) => ({
        operation,
        url:
          operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encode(path[name]!) || 'x') +
          `?${new URLSearchParams(query).toString()}`,
        headers: {
          accept,
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, encode(value)])),
          ...(token && { authorization: `Bearer ${token}` }),
          ...(payload !== undefined && { 'content-type': type }),
        },
        payload,
      }));

  return fc.constantFrom(...operations).chain(requestOf);
}

/** Half a surrogate pair has no encoding; a dot segment would be another path. */
const encode = (text: string) => encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E');

describe('any request that the OpenAPI document allows, and any that it does not', () => {
  let app: Setup;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await setup();
    document = createOpenApiDocument(app.app);
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent
      .get('https://rates.example')
      .intercept({ path: () => true })
      .reply(200, { rate: 1 })
      .persist();
    app.app.get(HttpClient).dispatcher = agent;
  });
  afterAll(() => app.close());

  it(
    'gets an answer that the document describes, and never a fault',
    async () => {
      const [user, admin] = [await registerUser(app), await createAdmin(app)];
      const operations = operationsOf(document).filter(({ path }) => path.startsWith('/api/'));
      const tokens = [user.token, admin.token, 'made.up.token'];
      const requests = requestsOf(operations, document, tokens, [user.user.id, admin.user.id]);
      const problemOf = responseChecker(document);
      await fc.assert(
        fc.asyncProperty(requests, async ({ operation, ...request }) => {
          const { statusCode, body, headers } = await app.app.inject({
            method: operation.method,
            ...request,
          });
          const schemas = operation.responses[statusCode] ?? operation.responses.default;
          const described = `${operation.id} ${statusCode}`;
          if (statusCode >= 500 || !schemas)
            expect(`${described}: ${body}`).toBe('an answer that is declared');
          const mediaType = String(headers['content-type'] ?? '').split(';')[0]!;
          if (body === '') expect([described, Object.keys(schemas!)]).toEqual([described, []]);
          else if (!mediaType.endsWith('json')) expect(Object.keys(schemas!)).toContain(mediaType);
          else
            expect([described, problemOf(schemas![mediaType]!, JSON.parse(body))]).toEqual([
              described,
              undefined,
            ]);
        }),
        { numRuns: RUNS },
      );
    },
    RUNS * 100 + 20_000,
  );
});
