import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import { Installation } from './support/service-process.js';

const PERSON = {
  email: 'ada@example.com',
  password: 'correct horse battery',
  firstName: 'Ada',
  lastName: 'Byron',
};

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let installation: Installation;

beforeAll(() => {
  installation = new Installation();
});
afterAll(() => installation.remove());

async function post(url: string, body: object): Promise<{ status: number; data: Record<string, never> }> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, data: ((await response.json()) as { data: Record<string, never> }).data };
}

describe('O2: a start that cannot succeed', () => {
  it('says every mistake of the configuration and nothing else', async () => {
    const service = installation.start({ NODE_ENV: 'production', PORT: '99999', LOG_LEVEL: 'loud' });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.stdout).toBe('');
    const [title, ...mistakes] = service.stderr.trimEnd().split('\n');
    expect(title).toBe('The configuration has mistakes (see .env.example):');
    expect(mistakes.map((mistake) => /^ {2}- (\w+) /.exec(mistake)?.[1]).sort()).toEqual([
      'FIRESTORE_MODE',
      'JWT_SECRET',
      'LOG_LEVEL',
      'PORT',
    ]);
  });

  it('says that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const service = installation.start({ PORT: String(port), DATA_DIRECTORY: ':memory:' });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.stderr).toMatch(`Port ${port} of 127.0.0.1 is in use`);
    expect(service.stderr.trimEnd().split('\n')).toHaveLength(1);
    other.close();
  });

  it('says that the data directory cannot be used', async () => {
    const service = installation.start({ DATA_DIRECTORY: 'package.json' });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.stderr).toMatch(
      /DATA_DIRECTORY cannot be written to \(.*package\.json'\); name a directory/,
    );
    expect(service.stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  it('says that another process uses the data', async () => {
    const first = installation.start({ DATA_DIRECTORY: 'shared' });
    await first.listening;
    const second = installation.start({ DATA_DIRECTORY: 'shared' });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/in use/);
    expect(second.stderr).not.toMatch(/^ {4}at /m);
    first.kill('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
  });
});

/** Has a service write the packages that it loads, each once, to standard error; Node.js's own fetch at the next of them. */
const TELL_PACKAGES = `
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  const told = new Set();
  const tell = (name) => {
    if (!told.has(name)) writeSync(2, name + '\\n');
    told.add(name);
  };
  registerHooks({
    load(url, context, next) {
      const name = /.*\\/(?:node_modules|packages)\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
      if (name) tell(name);
      if (process.moduleLoadList.some((builtin) => builtin.includes('undici'))) tell('node:fetch');
      return next(url, context);
    },
  });`;

/** What rxjs exports before a lean start begins and no more after it, and what stands in for packages that others load. */
const COMPARE_PACKAGES = `
  import { createRequire } from 'node:module';
  import { join } from 'node:path';
  import { beginLeanStart } from './dist/config/lean-start.js';
  const require = createRequire(join(process.cwd(), 'dist/main.js'));
  const names = () =>
    ['rxjs', 'rxjs/operators'].flatMap((from) => Object.keys(require(from)).map((name) => from + ' ' + name));
  const before = names();
  beginLeanStart();
  const rxjs = await import(require.resolve('rxjs'));
  const { isEmail, isPhoneNumber } = require('class-validator');
  const compress = createRequire(require.resolve('@fastify/compress'));
  console.log(JSON.stringify({
    missing: before.filter((name) => !names().includes(name)),
    areSame: rxjs.map === require('rxjs/operators').map && rxjs.Observable === require('rxjs').Observable,
    emails: [isEmail('ada@example.com'), isEmail('ada@')],
    phones: [isPhoneNumber('+41446681800'), isPhoneNumber('+410')],
    mediaType: compress('mime-db')['application/json'],
  }));`;

describe('a start', () => {
  it('loads only what it needs; the rest when it is needed', async () => {
    const flags = ['--import', `data:text/javascript,${encodeURIComponent(TELL_PACKAGES)}`];
    const service = installation.start({ DATA_DIRECTORY: ':memory:' }, flags);
    const url = await service.listening;
    const loadedBy = async (path: string) => {
      const before = service.stderr.length;
      while ((await fetch(`${url}${path}`)).status === 503); // on a busy machine Firestore is not ready at once
      return service.stderr.slice(before).trimEnd().split('\n');
    };
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const seldom = ['@google-cloud/firestore', '@nestjs/swagger', '@node-rs/argon2', 'embedded-firestore'];
    const large = ['ajv', 'firebase-admin', 'google-gax', 'jose', 'js-yaml', 'protobufjs', 'undici'];
    const standIns = ['jsonwebtoken', 'libphonenumber-js', 'mime-db'];
    const atStart = service.stderr.trimEnd().split('\n');
    expect(atStart).toContain('@nestjs/core');
    expect(atStart.filter((name) => [...seldom, ...large, ...standIns].includes(name))).toEqual([]);
    const byDocumentation = await loadedBy('/docs-yaml');
    expect(byDocumentation).toEqual(expect.arrayContaining(['@nestjs/swagger', 'js-yaml']));
    expect([...atStart, ...byDocumentation]).not.toContain('node:fetch');
    expect(await loadedBy('/health/ready')).toEqual(
      expect.arrayContaining(['firebase-admin', 'embedded-firestore']),
    );
    service.kill('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('takes nothing from the packages that it loads otherwise or later', () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', COMPARE_PACKAGES], {
      cwd: installation.directory,
      encoding: 'utf8',
    });
    const { missing, areSame, emails, phones, mediaType } = JSON.parse(output) as Record<string, unknown>;
    expect(missing).toEqual([]);
    expect(areSame).toBe(true);
    expect([emails, phones]).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(mediaType).toMatchObject({ compressible: true });
  });

  it('that is stopped while Firestore is being opened ends at once and cleanly', async () => {
    const service = installation.start({ DATA_DIRECTORY: 'opening' });
    const url = await service.listening;
    const answer = fetch(`${url}/health/ready`).then(
      ({ status }) => status,
      () => 'refused',
    );
    await fetch(`${url}/health/live`); // by now the server has the request before
    service.kill('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect([200, 503, 'refused']).toContain(await answer);
    expect(service.stderr).toBe('');
  });
});

describe('O4: a stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s finishes the request in flight and takes no more',
    async (signal) => {
      const service = installation.start({ DATA_DIRECTORY: ':memory:' });
      const url = await service.listening;
      const body = JSON.stringify(PERSON);
      const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
      const inFlight = request(`${url}/api/v1/auth/register`, { method: 'POST', headers });
      inFlight.write(body.slice(0, 10));
      await fetch(`${url}/health/live`); // by now the server has the head of the request before
      service.kill(signal);
      await refused(url);
      inFlight.end(body.slice(10));
      const [response] = (await once(inFlight, 'response')) as [{ statusCode: number; resume(): void }];
      response.resume();
      expect(response.statusCode).toBe(201);
      expect(await service.exited).toEqual({ code: 0, signal: null });
      expect(service.stderr).toBe('');
      expect(service.stdout).toContain('POST /api/v1/auth/register 201');
    },
  );

  it('answers what comes behind it on the same connection, and closes that', async () => {
    const service = installation.start({ DATA_DIRECTORY: ':memory:' });
    const url = await service.listening;
    const connection = connect(Number(new URL(url).port), '127.0.0.1');
    const head =
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n';
    connection.write(head);
    await fetch(`${url}/health/live`); // by now the server has that head
    service.kill('SIGTERM');
    await refused(url);
    connection.end('{}GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    const answers = await text(connection);
    expect(answers).toMatch(
      /^HTTP\/1.1 400 [^]*"VALIDATION_ERROR"[^]*HTTP\/1.1 200 OK\r\nConnection: close\r\n[^]*x-request-id/,
    );
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });
});

describe('D1: embedded data', () => {
  it('survives kill -9, and so do the sign-ins', async () => {
    const environment = { DATA_DIRECTORY: 'durable' };
    const first = installation.start(environment);
    const firstUrl = await first.listening;
    const registered = await post(`${firstUrl}/api/v1/auth/register`, PERSON);
    expect(registered.status).toBe(201);
    first.kill('SIGKILL');
    await first.exited;

    const second = installation.start(environment);
    const url = await second.listening;
    const { user, tokens } = registered.data as unknown as { user: object; tokens: { accessToken: string } };
    const headers = { Authorization: `Bearer ${tokens.accessToken}` };
    const me = (await (await fetch(`${url}/api/v1/users/me`, { headers })).json()) as { data: object };
    expect(me.data).toEqual(user);
    expect(await post(`${url}/api/v1/auth/login`, PERSON)).toMatchObject({ status: 400 });
    const { email, password } = PERSON;
    expect(await post(`${url}/api/v1/auth/login`, { email, password })).toMatchObject({
      status: 200,
      data: { user },
    });
    second.kill('SIGTERM');
    expect(await second.exited).toEqual({ code: 0, signal: null });
  });
});

/** Waits until nobody accepts connections there any more. */
async function refused(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (let isOpen = true; isOpen;) {
    const probe = connect(Number(port), hostname);
    isOpen = await once(probe, 'connect').then(
      () => true,
      () => false,
    );
    probe.destroy();
  }
}
