import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as later } from 'node:timers/promises';
import { Body, Controller, Get, Module, Post, Res, StreamableFile } from '@nestjs/common';
import { IsString } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Public } from '../src/core/auth/access.decorators.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';

const JSON_TYPE = 'Content-Type: application/json';

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

describe('over a connection', () => {
  let app: Setup;
  let url: string;
  let seeLine: (line: string) => unknown = () => undefined;

  beforeAll(async () => {
    const logDestination = { write: (line: string) => seeLine(line) };
    const settings = { BODY_LIMIT: '1024', LOG_LEVEL: 'info' };
    app = await setup(settings, { imports: [AnsweredModule], logDestination });
    await app.app.listen(0, '127.0.0.1');
    url = await app.app.getUrl();
  });
  afterAll(() => app.close());

  it.each(['/answered/json', '/answered/file', '/answered/framed', '/answered/taken', '/%zz'])(
    'H11, H14, H15: common headers are there once, whoever answers: %s',
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

  it.each(['framed', 'taken'])('they yield to what the route says: %s', async (path) => {
    const response = await fetch(`${url}/api/v1/answered/${path}`);
    expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(await response.text()).toBe(path);
    const { headers } = await app.app.inject(`/api/v1/answered/${path}`);
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
  });

  it.each(['POST', 'DELETE'])(
    'they come with an answer to a %s that announces a body and has none',
    async (method) => {
      const connection = connect(Number(new URL(url).port), '127.0.0.1');
      const head = `${method} /api/v1/answered/json HTTP/1.1\r\nHost: a\r\nConnection: close`;
      connection.end(`${head}\r\nContent-Type: application/json\r\n\r\n`);
      expect(await text(connection)).toMatch(/^HTTP\/1.1 4\d\d [^]*\r\nx-request-id: [^]*"success":false/);
    },
  );

  /** The answer to a POST of which `pieces` arrive one by one. */
  async function post(headers: string, ...pieces: string[]): Promise<string> {
    const connection = connect({ port: Number(new URL(url).port), host: '127.0.0.1', noDelay: true });
    connection.write(
      `POST /api/v1/answered/json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n\r\n`,
    );
    for (const piece of pieces) {
      await later();
      connection.write(piece);
    }
    return text(connection);
  }

  it('H5: a body may arrive in pieces', async () => {
    const answered = await post(`${JSON_TYPE}\r\nContent-Length: 14`, '{"na', 'me":"A', 'da"}');
    expect(answered).toContain('"data":{"name":"Ada"}');
  });

  it('H5: a body may come in chunks, within the limit', async () => {
    const chunked = `${JSON_TYPE}\r\nTransfer-Encoding: chunked`;
    expect(await post(chunked, '6\r\n{"name\r\n', '9\r\n":"Ada" }\r\n', '0\r\n\r\n')).toContain(
      '"data":{"name":"Ada"}',
    );
    const long = `${'x'.repeat(500)}\r\n`;
    expect(await post(chunked, `1f4\r\n${long}`, `1f4\r\n${long}`, `1f4\r\n${long}`)).toMatch(
      /^HTTP\/1.1 413 /,
    );
  });

  it('H5: a form is read, too', async () => {
    const answered = await post(
      'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8',
      'name=Ada',
    );
    expect(answered).toContain('"data":{"name":"Ada"}');
  });

  it('O3: a client that leaves in the middle of a body is in the log', async () => {
    const connection = connect(Number(new URL(url).port), '127.0.0.1');
    const id = 'left-in-the-middle';
    const head = `POST /api/v1/answered/json HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\n${JSON_TYPE}`;
    const line = new Promise<string>((resolve) => (seeLine = (each) => each.includes(id) && resolve(each)));
    connection.write(`${head}\r\nContent-Length: 14\r\n\r\n{"na`, () => connection.destroy());
    expect(JSON.parse(await line)).toMatchObject({
      severity: 'INFO',
      message: 'POST /api/v1/answered/json ended before its body did',
    });
  });

  it.each([
    ['what is no HTTP', 'GARBAGE\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a body that is not in chunks as it says', chunkedHead('oops'), 400, 'BAD_REQUEST'],
    [
      'endless headers',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}`,
      431,
      'REQUEST_HEADER_FIELDS_TOO_LARGE',
    ],
  ])('H3: %s is refused in the form of every failure', async (_what, sent, status, code) => {
    const connection = connect(Number(new URL(url).port), '127.0.0.1');
    connection.write(sent);
    const [head, body] = (await text(connection)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(body!)).toEqual({
      success: false,
      error: { code, message: expect.any(String) },
      meta: { requestId: /x-request-id: (\S+)/i.exec(head!)![1], timestamp: expect.any(String) },
    });
  });
});

function chunkedHead(size: string): string {
  return `POST /api/v1/answered/json HTTP/1.1\r\nHost: a\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n`;
}
