import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { MockAgent } from 'undici';
import { HttpClient } from '../../core/http-client/http-client.js';
import { type Setup, setup } from '../../../test/support/setup.js';
import { createAdmin, registerUser } from '../../../test/support/users.js';

describe('the examples', () => {
  let app: Setup;
  let token: string;

  beforeAll(async () => {
    app = await setup({ ALLOWED_ORIGINS: 'https://app.example.com' });
    ({ token } = await registerUser(app));
  });
  afterAll(() => app.close());

  const raw = (options: Parameters<Setup['app']['inject']>[0]) => app.app.inject(options);

  describe('notes', () => {
    const create = (payload: object | string, headers: Record<string, string> = {}) =>
      raw({
        method: 'POST',
        url: '/api/v1/examples/notes',
        payload,
        headers: { authorization: `Bearer ${token}`, ...headers },
      });

    it('H16: are created once, whatever a client repeats', async () => {
      const headers = { 'idempotency-key': randomUUID() };
      const text = randomUUID();
      const [first, again] = [await create({ text }, headers), await create({ text }, headers)];
      expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
      expect(again.headers).toMatchObject({
        location: first.headers.location,
        'idempotency-replayed': 'true',
      });
      expect(again.body).toBe(first.body);
    });

    it('H16: refuse a key that is in use, or of another note', async () => {
      const headers = { 'idempotency-key': randomUUID() };
      const text = randomUUID();
      const statuses = (await Promise.all([create({ text }, headers), create({ text }, headers)])).map(
        ({ statusCode }) => statusCode,
      );
      expect(statuses.sort()).toEqual([201, 409]);
      expect((await create({ text: 'another' }, headers)).statusCode).toBe(422);
    });

    it('H9: are found, from deep below the handler, if there is one like it', async () => {
      const text = randomUUID();
      const created = await create({ text });
      const found = await create({ text });
      expect([created.statusCode, found.statusCode]).toEqual([201, 200]);
      expect(found.json().data).toEqual(created.json().data);
    });

    it('H10: are read as Markdown too, and validated all the same', async () => {
      const markdown = { 'content-type': 'text/markdown' };
      const text = `# ${randomUUID()}`;
      expect((await create(`${text}\n`, markdown)).json().data).toMatchObject({ text });
      expect((await create(' ', markdown)).json().error.code).toBe('VALIDATION_ERROR');
      const elsewhere = await raw({
        method: 'POST',
        url: '/api/v1/auth/login',
        payload: 'x',
        headers: markdown,
      });
      expect([elsewhere.statusCode, elsewhere.json().error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    });

    it('H10: have a limit of their own', async () => {
      expect((await create({ text: 'x'.repeat(5000) })).statusCode).toBe(413);
    });

    it('H17: can be asked for again at no cost', async () => {
      const { headers } = await create({ text: randomUUID() });
      const path = headers.location!.replace('/api/v1', '');
      const { headers: first } = await app.get(path, { token });
      const { status } = await app.get(path, { token, headers: { 'if-none-match': first.etag as string } });
      expect(status).toBe(304);
      expect((await app.get(`/examples/notes/${randomUUID()}`, { token })).body.error.code).toBe(
        'NOTE_NOT_FOUND',
      );
    });
  });

  describe('H10: the feed', () => {
    it('is XML', async () => {
      const { headers, body } = await raw('/api/v1/examples/feed');
      expect(headers['content-type']).toBe('application/xml; charset=utf-8');
      expect(body).toContain('<feed>');
    });

    it('is open to every origin, with its preflight, without credentials; its neighbours are not', async () => {
      const origin = 'https://anybody.example';
      const ask = (url: string, method: 'GET' | 'OPTIONS') =>
        raw({
          url,
          method,
          headers: { origin, ...(method === 'OPTIONS' && { 'access-control-request-method': 'GET' }) },
        });
      for (const method of ['GET', 'OPTIONS'] as const) {
        const { headers } = await ask('/api/v1/examples/feed', method);
        expect(headers['access-control-allow-origin']).toBe('*');
        expect(headers['access-control-allow-credentials']).toBeUndefined();
        expect(
          (await ask('/api/v1/examples/visit', method)).headers['access-control-allow-origin'],
        ).toBeUndefined();
      }
    });
  });

  describe('H10: the cookie', () => {
    it('comes with a redirect and is read back', async () => {
      const welcome = await raw('/api/v1/examples/welcome');
      expect([welcome.statusCode, welcome.headers.location]).toEqual([303, '/docs']);
      const cookie = String(welcome.headers['set-cookie']);
      expect(cookie).toMatch(/^since=[^;]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/);
      const { status, body } = await app.get('/examples/visit', {
        headers: { cookie: cookie.split(';')[0]! },
      });
      expect([status, new Date(body.data.since).getTime()]).toEqual([200, expect.any(Number)]);
    });

    it('is not believed when it was made up', async () => {
      for (const cookie of ['since=2020', 'since=2020.c2lnbmF0dXJl', 'other=1', ''])
        expect((await app.get('/examples/visit', { headers: { cookie } })).status).toBe(303);
    });
  });

  describe('H12: the rates of another service', () => {
    const agent = new MockAgent();
    const rates = agent.get('https://rates.example');
    beforeAll(() => {
      agent.disableNetConnect();
      app.app.get(HttpClient).dispatcher = agent;
    });
    afterAll(() => agent.close());

    it('are asked for with the request id and the declared headers', async () => {
      let sent: unknown;
      rates.intercept({ path: '/v1/EUR' }).reply((request) => {
        sent = request.headers;
        return { statusCode: 200, data: { rate: 1.08, secret: 'x' } };
      });
      const headers = { 'x-request-id': 'request-0001', 'accept-language': 'de', 'x-other': 'y' };
      const { body } = await app.get('/examples/rates/EUR', { headers });
      expect(body.data).toEqual({ rate: 1.08 });
      expect(sent).toMatchObject({ 'x-request-id': 'request-0001', 'accept-language': 'de' });
      expect(sent).not.toHaveProperty('x-other');
    });

    it.each([
      [404, '{}', 404, 'NO_SUCH_CURRENCY'],
      [500, '{"password":"x"}', 502, 'UPSTREAM_ERROR'],
      [200, 'no JSON', 502, 'UPSTREAM_ERROR'],
      [200, '{"rate":"high"}', 502, 'UPSTREAM_ERROR'],
      [200, `{"rate":1,"x":"${'x'.repeat(1024 * 1024)}"}`, 502, 'UPSTREAM_ERROR'],
    ])('that answers %d make %3$d %4$s', async (upstream, text, status, code) => {
      rates.intercept({ path: '/v1/XXX' }).reply(upstream, text);
      const { status: answered, body } = await app.get('/examples/rates/XXX');
      expect([answered, body.error.code]).toEqual([status, code]);
      expect(JSON.stringify(body)).not.toContain('password');
    });

    it('that cannot be reached make 502, and 504 when they take too long', async () => {
      expect((await app.get('/examples/rates/ABC')).body.error.code).toBe('UPSTREAM_ERROR');
      const timeout = jest
        .spyOn(AbortSignal, 'timeout')
        .mockImplementation(() => AbortSignal.abort(new DOMException('late', 'TimeoutError')));
      rates.intercept({ path: '/v1/EUR' }).reply(200, { rate: 1 });
      const { status, body } = await app.get('/examples/rates/EUR');
      timeout.mockRestore();
      expect([status, body.error.code]).toEqual([504, 'UPSTREAM_TIMEOUT']);
    });
  });

  it('H13: a user has two versions at once', async () => {
    const { user, token: own } = await registerUser(app);
    const { body } = await app.get(`/users/${user.id}`, { token: own });
    expect(body.data).toMatchObject({ firstName: 'Ada', lastName: 'Lovelace' });
    const authorization = `Bearer ${own}`;
    const second = await raw({ url: `/api/users/${user.id}?version=2`, headers: { authorization } });
    expect(second.json().data).toMatchObject({ id: user.id, name: { given: 'Ada', family: 'Lovelace' } });
    expect(second.json().data).not.toHaveProperty('firstName');
    const statusFor = async (id: string, bearer: string) =>
      (await raw({ url: `/api/v2/users/${id}`, headers: { authorization: `Bearer ${bearer}` } })).statusCode;
    expect(await statusFor(user.id, token)).toBe(403);
    expect(await statusFor(randomUUID(), (await createAdmin(app)).token)).toBe(404);
  });

  it('H10: a hidden route answers and is not documented', async () => {
    expect((await app.get('/examples/hidden')).status).toBe(204);
    expect((await raw('/docs-json')).body).not.toContain('examples/hidden');
  });
});
