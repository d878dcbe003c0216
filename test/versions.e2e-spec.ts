import { jest } from '@jest/globals';
import { Controller, Get, Module, Query } from '@nestjs/common';
import { IsInt, IsOptional, IsString } from 'class-validator';
import packageJson from '../package.json' with { type: 'json' };
import { Public } from '../src/core/auth/access.decorators.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { Deprecated } from '../src/core/versioning/deprecation.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';

class Greeting {
  @IsString()
  text: string;
}

class GreetingV2 {
  @IsString()
  greeting: string;

  @IsOptional()
  @IsInt()
  times?: number;
}

class Times {
  @IsOptional()
  @IsInt()
  times?: number;
}

const SUNSET = new Date(Date.now() + 3_600_000).toISOString();

@Public()
@Controller('greetings')
@Deprecated({ since: '2026-01-01', sunset: SUNSET, successor: '2' })
class GreetingsController {
  @Get(':name')
  @Responds(Greeting, { summary: 'Greet' })
  greet(): Greeting {
    return { text: 'Hello' };
  }
}

@Public()
@Controller({ path: 'greetings', version: '2' })
class GreetingsV2Controller {
  @Get(':name')
  @Responds(GreetingV2, { summary: 'Greet' })
  greet(@Query() { times }: Times): GreetingV2 {
    return { greeting: 'Hello', times };
  }
}

@Module({ controllers: [GreetingsController, GreetingsV2Controller] })
class GreetingsModule {}

describe('H13: versions', () => {
  let app: Setup;

  beforeAll(async () => {
    app = await setup({}, { imports: [GreetingsModule] });
  });
  afterAll(() => app.close());
  afterEach(() => void jest.useRealTimers());

  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await app.app.inject({ url, headers });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };
  const mediaType = (version: string) => `application/vnd.${packageJson.name}.v${version}+json`;

  it.each([
    ['the path', '/api/v2/greetings/ada', {}],
    ['the query', '/api/greetings/ada?version=2', {}],
    ['a header', '/api/greetings/ada', { 'x-api-version': '2' }],
    ['the media type', '/api/greetings/ada', { accept: mediaType('2') }],
    ['a media type among others', '/api/greetings/ada', { accept: `text/html, ${mediaType('2')};q=0.9` }],
  ])('is selected by %s', async (_name, url, headers: Record<string, string>) => {
    expect(await get(url, headers)).toMatchObject({ status: 200, body: { data: { greeting: 'Hello' } } });
    const one = await get(url.replace('2', '1'), JSON.parse(JSON.stringify(headers).replaceAll('2', '1')));
    expect(one.body.data).toEqual({ text: 'Hello' });
  });

  it('does not show up among the other query parameters, which stay', async () => {
    const { body } = await get('/api/greetings/ada?times=3&version=2');
    expect(body.data).toEqual({ greeting: 'Hello', times: 3 });
    expect((await get('/api/v2/greetings/ada?version=2')).status).toBe(400);
  });

  it.each([
    ['/api/v9/greetings/ada', {}],
    ['/api/greetings/ada?version=9', {}],
    ['/api/greetings/ada?version=new%2F..', {}],
    ['/api/greetings/ada', { 'x-api-version': '1.5' }],
    ['/api/greetings/ada', { accept: mediaType('0') }],
  ])('is refused where it is not supported: %s %j', async (url, headers: Record<string, string>) => {
    const { status, body } = await get(url, headers);
    expect([status, body.error.code]).toEqual([400, 'UNSUPPORTED_VERSION']);
    expect(body.error.details).toEqual({ supported: ['1', '2'] });
    expect(body.error.message).toBe('This path has the versions 1, 2.');
  });

  it('does not make a path of what is none', async () => {
    for (const url of [
      '/api/greetings/ada',
      '/api/v9/nowhere',
      '/api/nowhere?version=1',
      '/health?version=1x',
    ])
      expect((await get(url)).status).toBe(url.startsWith('/health') ? 200 : 404);
    expect((await app.app.inject({ method: 'PUT', url: '/api/v1/greetings/ada' })).statusCode).toBe(405);
  });

  it('that is deprecated says since when, until when, and what comes instead', async () => {
    const { headers } = await get('/api/v1/greetings/ada?x=1');
    expect(headers.deprecation).toBe(`@${Date.parse('2026-01-01') / 1000}`);
    expect(headers.sunset).toBe(new Date(SUNSET).toUTCString());
    expect(headers.link).toBe('</api/v2/greetings/ada>; rel="successor-version"');
    expect((await get('/api/v2/greetings/ada')).headers.deprecation).toBeUndefined();
  });

  it('answers 410 after its sunset', async () => {
    passTime(2 * 3_600_000);
    const { status, body, headers } = await get('/api/v1/greetings/ada');
    expect([status, body.error.code]).toEqual([410, 'GONE']);
    expect(headers.link).toContain('/api/v2/greetings/ada');
    expect((await get('/api/v2/greetings/ada')).status).toBe(200);
  });
});
