import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Body, Controller, Get, Module, Post, Res, StreamableFile } from '@nestjs/common';
import { IsString } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Public } from '../src/core/auth/access.decorators.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';

class Named {
  @IsString()
  name: string;
}

@Public()
@Controller('answered')
class AnsweredController {
  @Post('json')
  @Responds(Named, { summary: 'JSON', status: 200 })
  json(@Body() body: Named): Named {
    return body;
  }

  @Get('file')
  @Responds('text/plain', { summary: 'A stream' })
  file(): StreamableFile {
    return new StreamableFile(Buffer.from('file'));
  }

  @Get('framed')
  @Responds('text/plain', { summary: 'A header of its own' })
  framed(@Res({ passthrough: true }) reply: FastifyReply): string {
    reply.header('X-Frame-Options', 'SAMEORIGIN');
    return 'framed';
  }

  @Get('taken')
  @Responds(null, { summary: 'Past the framework' })
  taken(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Type': 'text/plain', 'X-Frame-Options': 'SAMEORIGIN' }).end('taken');
  }
}

@Module({ controllers: [AnsweredController] })
class AnsweredModule {}

describe('H11, H14, H15: what each response carries, over a connection', () => {
  let app: Setup;
  let url: string;

  beforeAll(async () => {
    app = await setup({}, { imports: [AnsweredModule] });
    await app.app.listen(0, '127.0.0.1');
    url = await app.app.getUrl();
  });
  afterAll(() => app.close());

  it.each(['/answered/json', '/answered/file', '/answered/framed', '/answered/taken', '/%zz'])(
    'is there once, whoever answers: %s',
    async (path) => {
      const { headers } = await fetch(`${url}/api/v1${path}`);
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-expose-headers')).toMatch(/^X-Request-ID, [\w, -]+, Link$/);
      expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
      expect(headers.get('x-response-time')).toMatch(/^\d+\.\d{3}$/);
      expect(headers.get('server-timing')).toMatch(/^total;dur=\d+\.\d{3}$/);
    },
  );

  it.each(['framed', 'taken'])('yields to what the route says: %s', async (path) => {
    const response = await fetch(`${url}/api/v1/answered/${path}`);
    expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(await response.text()).toBe(path);
    const { headers } = await app.app.inject(`/api/v1/answered/${path}`);
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
  });

  it.each(['POST', 'DELETE'])(
    'comes with an answer to a %s that announces a body and has none',
    async (method) => {
      const connection = connect(Number(new URL(url).port), '127.0.0.1');
      const head = `${method} /api/v1/answered/json HTTP/1.1\r\nHost: a\r\nConnection: close`;
      connection.end(`${head}\r\nContent-Type: application/json\r\n\r\n`);
      expect(await text(connection)).toMatch(/^HTTP\/1.1 4\d\d [^]*\r\nx-request-id: [^]*"success":false/);
    },
  );
});
