import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Body, Controller, Get, Logger, Module, Param, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsInt, IsOptional, IsString, MinLength, ValidateNested } from 'class-validator';
import { Public } from '../src/core/auth/access.decorators.js';
import { Conflict, DynamicError } from '../src/core/errors/errors.js';
import { Page } from '../src/core/pagination/page.js';
import { PageQuery } from '../src/core/pagination/page-query.dto.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { RequestHeaders } from '../src/core/validation/dto.pipe.js';
import { type Setup, setup } from './support/setup.js';

class Line {
  @IsString()
  @MinLength(2)
  street: string;
}

class Address {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Line)
  lines: Line[];
}

class Echo {
  @IsString()
  name: string;

  @IsInt()
  count: number = 7;

  @IsOptional()
  @IsBoolean()
  flag?: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => Address)
  address?: Address;
}

class EchoQuery extends PageQuery {
  @IsOptional()
  @IsBoolean()
  flag?: boolean;

  @IsOptional()
  @IsArray()
  @IsInt({ each: true })
  @Type(() => Number)
  ids?: number[];
}

class Item {
  @IsOptional()
  @IsBoolean()
  flag?: boolean;

  @IsOptional()
  @IsArray()
  @Type(() => Number)
  ids?: number[];

  @IsString()
  order: string;
}

class Numbered {
  @IsInt()
  number: number;

  @IsOptional()
  @IsInt()
  attempt?: number;
}

class LongText {
  @IsString()
  text: string;
}

class EchoParams {
  @IsInt()
  number: number;
}

class EchoHeaders {
  @IsOptional()
  @IsInt()
  'x-attempt'?: number;
}

class Shipped extends Conflict {
  static override readonly code = 'SHIPPED';
  static override readonly message = 'The order has left.';
}

@Public()
@Controller('fixture')
class FixtureController {
  private readonly logger = new Logger('Fixture');

  @Post('echo')
  @Responds(Echo, { summary: 'Give the body back', status: 200 })
  echo(@Body() body: Echo): Echo {
    this.logger.log(`echo ${body.name}`);
    return body;
  }

  @Get('items')
  @Responds([Item], { summary: 'List', paginated: true })
  items(@Query() { page, limit, ...rest }: EchoQuery): Page<Item> {
    return Page.byOffset([{ ...rest }], { page, limit, total: 41 });
  }

  @Get('numbers/:number')
  @Responds(Numbered, { summary: 'Path and headers' })
  number(@Param() { number }: EchoParams, @RequestHeaders() headers: EchoHeaders) {
    return { number, attempt: headers['x-attempt'] };
  }

  @Get('long')
  @Responds(LongText, { summary: 'A long answer' })
  long() {
    return { text: 'compress me '.repeat(1000) };
  }

  @Post('nothing')
  @Responds(null, { summary: 'No body' })
  nothing(): void {}

  @Get('errors/typed')
  @Responds(null, { summary: 'Typed', errors: [Shipped] })
  typed(): never {
    throw new Shipped({ details: { at: 'noon' }, headers: { 'X-Extra': 'yes' } });
  }

  @Get('errors/dynamic')
  @Responds(null, { summary: 'Dynamic', errors: [DynamicError] })
  dynamic(): never {
    throw new DynamicError({
      status: 418,
      code: 'TEAPOT',
      message: 'Short and stout.',
      details: { spout: true },
    });
  }

  @Get('errors/unknown')
  @Responds(null, { summary: 'Unknown' })
  unknown(): never {
    throw Object.assign(new Error('password=hunter2 at db.internal'), { statusCode: 404, code: 'ENOENT' });
  }
}

@Module({ controllers: [FixtureController] })
class FixtureModule {}

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('the HTTP contract', () => {
  let app: Setup;
  const lines: string[] = [];

  beforeAll(async () => {
    const logDestination = { write: (line: string) => void lines.push(line) };
    const environment = {
      ALLOWED_ORIGINS: 'https://app.example.com',
      LOG_LEVEL: 'info',
    };
    app = await setup(environment, { imports: [FixtureModule], logDestination });
  });
  afterAll(() => app.close());

  const raw = (options: Parameters<Setup['app']['inject']>[0]) => app.app.inject(options);

  describe('H1, H2: paths and envelope', () => {
    it('wraps an answer', async () => {
      const { status, body, headers } = await app.post('/fixture/echo', { name: 'Ada' });
      expect(status).toBe(200);
      expect(body).toEqual({
        success: true,
        data: { name: 'Ada', count: 7 },
        meta: { requestId: headers['x-request-id'], timestamp: expect.any(String) },
      });
      expect(new Date(body.meta.timestamp).toISOString()).toBe(body.meta.timestamp);
    });

    it('answers 204 with no body', async () => {
      const response = await raw({ method: 'POST', url: '/api/v1/fixture/nothing' });
      expect([response.statusCode, response.body]).toEqual([204, '']);
    });

    it('serves the API under /api/v1 only, and health outside of it', async () => {
      expect((await raw('/fixture/items')).statusCode).toBe(404);
      expect((await raw('/api/fixture/items')).statusCode).toBe(404);
      expect((await raw('/health')).json()).toMatchObject({ status: 'ok', environment: 'test' });
      expect((await raw('/health/live')).json()).toEqual({ status: 'ok' });
      expect((await raw('/health/ready')).json()).toEqual({ status: 'ok' });
    });
  });

  describe('H3: every failure has one form', () => {
    const failure = (code: string) => ({
      success: false,
      error: { code, message: expect.any(String) },
      meta: { requestId: expect.any(String), timestamp: expect.any(String) },
    });

    it.each([
      ['an unknown route', { url: '/api/v1/nowhere' }, 404, 'NOT_FOUND'],
      ['a wrong method', { method: 'DELETE', url: '/api/v1/fixture/echo' }, 405, 'METHOD_NOT_ALLOWED'],
      ['a malformed URL', { url: '/api/v1/%zz' }, 400, 'BAD_REQUEST'],
      ['malformed JSON', { url: '/api/v1/fixture/echo', payload: '{"name":' }, 400, 'BAD_REQUEST'],
      ['an empty JSON body', { url: '/api/v1/fixture/echo', payload: '' }, 400, 'BAD_REQUEST'],
      [
        'a prototype in JSON',
        { url: '/api/v1/fixture/echo', payload: '{"__proto__":{}}' },
        400,
        'BAD_REQUEST',
      ],
      [
        'a wrong media type',
        { url: '/api/v1/fixture/echo', payload: 'a,b', type: 'text/csv' },
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      ['no token', { url: '/api/v1/users/me' }, 401, 'UNAUTHORIZED'],
    ])('%s', async (_name, { type = 'application/json', ...call }: Record<string, string>, status, code) => {
      const headers = call.payload === undefined ? {} : { 'content-type': type };
      const response = await raw({
        method: call.payload === undefined ? 'GET' : 'POST',
        headers,
        ...call,
      });
      expect(response.json()).toMatchObject(failure(code));
      expect(response.statusCode).toBe(status);
      expect(response.headers['x-request-id']).toBe(response.json().meta.requestId);
      expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    });

    it('names the methods that a path has', async () => {
      const response = await raw({ method: 'PUT', url: '/api/v1/fixture/items' });
      expect(response.headers.allow).toBe('GET, HEAD');
    });

    it('refuses a body above the limit', async () => {
      const response = await raw({
        method: 'POST',
        url: '/api/v1/fixture/echo',
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({ name: 'x'.repeat(10 * 1024 * 1024) }),
      });
      expect([response.statusCode, response.json().error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    });

    it('sends what a typed error says', async () => {
      const { status, body, headers } = await app.get('/fixture/errors/typed');
      expect([status, headers['x-extra']]).toEqual([409, 'yes']);
      expect(body.error).toEqual({
        code: 'SHIPPED',
        message: 'The order has left.',
        details: { at: 'noon' },
      });
    });

    it('sends a dynamic error as it is', async () => {
      const { status, body } = await app.get('/fixture/errors/dynamic');
      expect(status).toBe(418);
      expect(body.error).toEqual({ code: 'TEAPOT', message: 'Short and stout.', details: { spout: true } });
    });

    it('says nothing of an unknown error, and logs it', async () => {
      const response = await raw('/api/v1/fixture/errors/unknown');
      expect(response.statusCode).toBe(500);
      expect(response.json().error).toEqual({
        code: 'INTERNAL_SERVER_ERROR',
        message: 'Something went wrong on our side.',
      });
      expect(response.body).not.toContain('hunter2');
      const logged = lines.filter((line) => line.includes(response.json().meta.requestId));
      expect(logged.some((line) => line.includes('hunter2') && line.includes('"severity":"ERROR"'))).toBe(
        true,
      );
    });

    it('answers problem details to those who ask for them (RFC 9457)', async () => {
      const { body, headers } = await app.get('/fixture/errors/typed', {
        headers: { accept: 'application/problem+json' },
      });
      expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(body).toEqual({
        type: 'about:blank',
        title: 'Conflict',
        status: 409,
        detail: 'The order has left.',
        code: 'SHIPPED',
        details: { at: 'noon' },
        requestId: headers['x-request-id'],
        timestamp: expect.any(String),
      });
    });
  });

  describe('H4: pages', () => {
    it('describes the page', async () => {
      const { body } = await app.get('/fixture/items', { query: { page: '2', limit: '10' } });
      expect(body.meta.pagination).toEqual({
        page: 2,
        limit: 10,
        total: 41,
        totalPages: 5,
        hasNext: true,
        hasPrevious: true,
      });
    });

    it.each([
      { page: '0' },
      { page: '1.5' },
      { page: 'x' },
      { limit: '0' },
      { limit: '101' },
      { order: 'up' },
      { page: '' },
    ])('refuses %j', async (query) => {
      const { status, body } = await app.get('/fixture/items', { query: query as never });
      expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
      expect(body.error.details.errors[0].field).toBe(Object.keys(query)[0]);
    });
  });

  describe('H5: input', () => {
    const errorsOf = async (payload: object) =>
      (await app.post('/fixture/echo', payload)).body.error?.details.errors;

    it('names nested values by their path', async () => {
      const errors = await errorsOf({
        name: 'Ada',
        address: { lines: [{ street: 'Long' }, { street: 'x' }] },
      });
      expect(errors).toEqual([
        { field: 'address.lines[1].street', message: expect.any(String), constraint: 'minLength' },
      ]);
    });

    it('refuses unknown properties, nested ones too', async () => {
      expect(await errorsOf({ name: 'Ada', role: 'admin' })).toMatchObject([
        { field: 'role', constraint: 'whitelistValidation' },
      ]);
      expect(await errorsOf({ name: 'Ada', address: { lines: [], x: 1 } })).toMatchObject([
        { field: 'address.x' },
      ]);
    });

    it('never converts a body', async () => {
      expect(await errorsOf({ name: 1, count: '3', flag: 'true' })).toMatchObject([
        { field: 'name', constraint: 'isString' },
        { field: 'count', constraint: 'isInt' },
        { field: 'flag', constraint: 'isBoolean' },
      ]);
    });

    it.each([[[]], [['x']]])('refuses the array %j where an object belongs', async (payload) => {
      expect(await errorsOf(payload)).toMatchObject([{ constraint: 'isObject' }]);
    });

    it('converts query, path and headers to the declared types', async () => {
      const list = await raw('/api/v1/fixture/items?flag=false&ids=1&ids=2');
      expect(list.json().data).toEqual([{ flag: false, ids: [1, 2], order: 'desc' }]);
      expect((await raw('/api/v1/fixture/items?ids=3')).json().data[0].ids).toEqual([3]);
      const { body } = await app.get('/fixture/numbers/12', { headers: { 'x-attempt': '3' } });
      expect(body.data).toEqual({ number: 12, attempt: 3 });
    });

    it('refuses what does not read as the declared type', async () => {
      expect((await raw('/api/v1/fixture/items?flag=yes')).json().error.details.errors).toMatchObject([
        { field: 'flag' },
      ]);
      expect((await app.get('/fixture/numbers/1e')).body.error.details.errors).toMatchObject([
        { field: 'number' },
      ]);
      const wrongHeader = await app.get('/fixture/numbers/1', { headers: { 'x-attempt': 'two' } });
      expect(wrongHeader.body.error.details.errors).toMatchObject([
        { field: 'x-attempt', constraint: 'isInt' },
      ]);
      expect((await raw('/api/v1/fixture/items?nope=1')).json().error.details.errors).toMatchObject([
        { field: 'nope' },
      ]);
    });
  });

  describe('H11, O3: request id and log', () => {
    it('takes a well-formed id and makes one otherwise', async () => {
      const given = 'caller-0123456789';
      expect(
        (await app.get('/fixture/items', { headers: { 'x-request-id': given } })).headers['x-request-id'],
      ).toBe(given);
      for (const bad of ['short', 'spaces are out', 'x'.repeat(129), 'a"b\\c<script>']) {
        const { headers } = await app.get('/fixture/items', { headers: { 'x-request-id': bad } });
        expect(headers['x-request-id']).toMatch(UUID_V7);
      }
    });

    it('writes one line per request, with its id and without its query', async () => {
      const id = 'log-line-of-this-test';
      await app.get('/fixture/items', {
        headers: { 'x-request-id': id, authorization: 'Bearer sesame' },
        query: { limit: '3' },
      });
      const logged = lines.filter((line) => line.includes(id));
      expect(logged).toHaveLength(1);
      expect(JSON.parse(logged[0]!)).toMatchObject({
        severity: 'INFO',
        message: 'GET /api/v1/fixture/items 200',
        httpRequest: { requestMethod: 'GET', requestUrl: '/api/v1/fixture/items', status: 200 },
      });
      expect(logged[0]).not.toContain('sesame');
    });
  });

  it('H11: knows the request in lines that a handler logs, also after a body was read', async () => {
    await app.app.listen(0, '127.0.0.1');
    const id = 'line-of-a-handler';
    const url = `${await app.app.getUrl()}/api/v1/fixture/echo`;
    const headers = { 'content-type': 'application/json', 'x-request-id': id };
    const call = request(url, { method: 'POST', headers });
    call.write('{"name":');
    await once(app.app.getHttpServer(), 'request'); // the service has begun before the rest is sent
    call.end('"Hopper"}');
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    expect(response.resume().statusCode).toBe(200);
    const line = lines.find((each) => each.includes('echo Hopper'));
    expect(JSON.parse(line!)).toMatchObject({ message: 'echo Hopper', context: 'Fixture', requestId: id });
  });

  describe('H14, H15: headers', () => {
    it('sends security headers and timing with each answer', async () => {
      for (const url of ['/api/v1/fixture/items', '/nowhere', '/health', '/docs', '/%zz']) {
        const { headers } = await raw(url);
        expect(headers['content-security-policy']).toContain("script-src 'self'");
        expect(headers['x-content-type-options']).toBe('nosniff');
        expect(headers['strict-transport-security']).toBeDefined();
        expect(headers['x-response-time']).toMatch(/^\d+\.\d{3}$/);
        expect(headers['server-timing']).toMatch(/^total;dur=\d+\.\d{3}$/);
        expect(headers['x-powered-by']).toBeUndefined();
      }
    });

    it.each([
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
      ['zstd', zstdDecompressSync],
    ])('compresses long answers with %s', async (encoding, decompress) => {
      const response = await raw({ url: '/api/v1/fixture/long', headers: { 'accept-encoding': encoding } });
      expect(response.headers['content-encoding']).toBe(encoding);
      expect(JSON.parse(decompress(response.rawPayload).toString()).data.text).toHaveLength(12_000);
    });

    it('sends short answers as they are', async () => {
      const { headers } = await raw({ url: '/health', headers: { 'accept-encoding': 'br, gzip' } });
      expect(headers['content-encoding']).toBeUndefined();
    });

    it('lets the listed origins in, with credentials, and no others', async () => {
      const preflight = (origin: string) =>
        raw({
          method: 'OPTIONS',
          url: '/api/v1/fixture/echo',
          headers: { origin, 'access-control-request-method': 'POST' },
        });
      const listed = await preflight('https://app.example.com');
      expect(listed.statusCode).toBe(204);
      expect(listed.headers['access-control-allow-origin']).toBe('https://app.example.com');
      expect(listed.headers['access-control-allow-credentials']).toBe('true');
      expect(
        (await preflight('https://evil.example')).headers['access-control-allow-origin'],
      ).toBeUndefined();
    });

    it('tells a browser what it asked, and everybody that answers differ by origin', async () => {
      const origin = 'https://app.example.com';
      const asking = { origin, 'access-control-request-method': 'PUT' };
      const preflight = await raw({
        method: 'OPTIONS',
        url: '/nowhere',
        headers: { ...asking, 'access-control-request-headers': 'authorization, if-match' },
      });
      expect([preflight.statusCode, preflight.body]).toEqual([204, '']);
      expect(preflight.headers).toMatchObject({
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'authorization, if-match',
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers',
      });
      const read = await raw({ url: '/health/live', headers: { origin } });
      expect(read.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': expect.stringContaining('X-Request-ID, X-Response-Time, RateLimit'),
      });
      const others = await raw({ url: '/health/live' });
      expect(others.headers.vary).toBe('Origin');
      expect(others.headers['access-control-allow-origin']).toBeUndefined();
      const failure = await raw({ url: '/nowhere', headers: { origin } });
      expect(failure.headers['access-control-allow-origin']).toBe(origin);
      const noPreflight = await raw({ method: 'OPTIONS', url: '/health/live', headers: { origin } });
      expect(noPreflight.json()).toMatchObject({ success: false });
    });
  });
});
