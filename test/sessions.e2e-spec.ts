import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { IsString } from 'class-validator';
import { type EmbeddedFirestore, startEmbeddedFirestore } from 'embedded-firestore';
import { Query } from 'firebase-admin/firestore';
import type { SessionResponse, SignedInResponse } from '../src/features/auth/auth.dto.js';
import { Transactions } from '../src/core/firestore/transactions.js';
import { SessionsService } from '../src/features/auth/sessions.service.js';
import { Authenticated, CurrentCaller } from '../src/core/auth/access.decorators.js';
import type { Caller } from '../src/core/auth/caller.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { type Body, createAdmin, createWithRole, login, PASSWORD, registerUser } from './support/users.js';
import { recordRpcs } from './support/rpcs.js';

describe('U1 sessions', () => {
  const UUID = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  const ISO_DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const SECOND = 1000;
  const DAY = 24 * 60 * 60 * SECOND;

  let app: Setup;
  beforeAll(async () => {
    app = await setup();
  });
  afterAll(() => app.close());
  afterEach(() => void jest.useRealTimers());

  const refresh = (refreshToken: unknown) =>
    app.post<Body<SignedInResponse>>('/auth/refresh', { refreshToken });
  const sessionsOf = async (token: string) =>
    (await app.get<Body<SessionResponse[]>>('/auth/sessions', { token })).body.data;

  it('are listed to their owner, the last used first', async () => {
    const first = await registerUser(app);
    passTime(SECOND);
    await app.post(
      '/auth/login',
      { email: first.user.email, password: PASSWORD },
      { headers: { 'user-agent': 'Other/1.0' } },
    );
    const { status, body } = await app.get('/auth/sessions', { token: first.token });
    expect(status).toBe(200);
    expect(body.data).toEqual([
      {
        id: UUID,
        createdAt: ISO_DATE,
        lastUsedAt: ISO_DATE,
        expiresAt: ISO_DATE,
        userAgent: 'Other/1.0',
        address: '127.0.0.1',
        current: false,
      },
      expect.objectContaining({ id: first.tokens.refreshToken.split('.')[0], current: true }),
    ]);
  });

  it('move up when they are used, and leave the list when they expire', async () => {
    const first = await registerUser(app);
    passTime(DAY);
    const second = await login(app, first.user.email);
    passTime(DAY);
    const refreshed = (await refresh(first.tokens.refreshToken)).body.data;
    const token = refreshed.tokens.accessToken;
    expect((await sessionsOf(token)).map(({ current }: { current: boolean }) => current)).toEqual([
      true,
      false,
    ]);
    passTime(29 * DAY + 60 * SECOND);
    expect((await refresh(second.tokens.refreshToken)).status).toBe(401);
    const latest = (await refresh(refreshed.tokens.refreshToken)).body.data;
    expect(await sessionsOf(latest.tokens.accessToken)).toHaveLength(1);
  });

  it('are ended one by one', async () => {
    const mine = await registerUser(app);
    const other = await login(app, mine.user.email);
    const otherId = other.tokens.refreshToken.split('.')[0];
    const { status, body } = await app.delete(`/auth/sessions/${otherId}`, { token: mine.token });
    expect([status, body]).toEqual([204, undefined]);
    expect((await refresh(other.tokens.refreshToken)).status).toBe(401);
    expect((await refresh(mine.tokens.refreshToken)).status).toBe(200);
    const again = await app.delete(`/auth/sessions/${otherId}`, { token: mine.token });
    expect([again.status, again.body.error.code]).toEqual([404, 'SESSION_NOT_FOUND']);
  });

  it('of others can neither be ended nor told from none, not even by an admin', async () => {
    const victim = await registerUser(app);
    const id = victim.tokens.refreshToken.split('.')[0];
    for (const { token } of [await registerUser(app), await createAdmin(app)]) {
      const { status, body } = await app.delete(`/auth/sessions/${id}`, { token });
      expect([status, body.error.code]).toEqual([404, 'SESSION_NOT_FOUND']);
    }
    expect((await refresh(victim.tokens.refreshToken)).status).toBe(200);
  });

  it('have well-formed ids', async () => {
    const { token } = await registerUser(app);
    for (const id of ['x', '__x__', '..%2f..']) {
      expect((await app.delete(`/auth/sessions/${id}`, { token })).status).toBe(400);
    }
  });

  it('end by logout, of the token alone', async () => {
    const { user, tokens } = await registerUser(app);
    const other = await login(app, user.email);
    const { status, body } = await app.post('/auth/logout', { refreshToken: tokens.refreshToken });
    expect([status, body]).toEqual([204, undefined]);
    expect((await refresh(tokens.refreshToken)).status).toBe(401);
    expect((await refresh(other.tokens.refreshToken)).status).toBe(200);
  });

  it('end by logout with the token before the last, of a client that lost an answer', async () => {
    const { tokens } = await registerUser(app);
    const successor = (await refresh(tokens.refreshToken)).body.data.tokens.refreshToken;
    await app.post('/auth/logout', { refreshToken: tokens.refreshToken });
    expect((await refresh(successor)).status).toBe(401);
  });

  it('do not end by an unknown or invented token, though the answer is the same', async () => {
    const { tokens } = await registerUser(app);
    const invented = tokens.refreshToken.replace(/[^.]+$/, 'A'.repeat(65));
    for (const refreshToken of ['', 'nonsense', `${randomUUID()}.${'A'.repeat(65)}`, invented]) {
      expect((await app.post('/auth/logout', { refreshToken })).status).toBe(204);
    }
    expect((await refresh(tokens.refreshToken)).status).toBe(200);
  });

  it('are a hundred at most: beyond that the one that was not used for longest ends', async () => {
    const { user, tokens, token } = await registerUser(app);
    const sessions = app.app.get(SessionsService);
    const transactions = app.app.get(Transactions);
    const client = { userAgent: '', address: '127.0.0.1' };
    passTime(SECOND);
    const open = () => transactions.run({ readOnly: false }, async () => sessions.open(user.id, client));
    await Promise.all(Array.from({ length: 99 }, open));
    expect(await sessionsOf(token)).toHaveLength(100);
    const latest = await login(app, user.email);
    expect(await sessionsOf(latest.token)).toHaveLength(100);
    expect((await refresh(tokens.refreshToken)).status).toBe(401);
    expect((await app.get('/auth/sessions', { token })).status).toBe(401);
  });

  it('end all at once, of this user only', async () => {
    const mine = await registerUser(app);
    const other = await login(app, mine.user.email);
    const bystander = await registerUser(app);
    const { status, body } = await app.post('/auth/logout-all', undefined, { token: mine.token });
    expect([status, body]).toEqual([204, undefined]);
    for (const { tokens } of [mine, other]) expect((await refresh(tokens.refreshToken)).status).toBe(401);
    expect((await refresh(bystander.tokens.refreshToken)).status).toBe(200);
  });

  it.each([
    'GET /auth/sessions',
    'POST /auth/logout-all',
    'DELETE /auth/sessions/01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f',
  ])('are for signed-in users: %s', async (route) => {
    const [method, path] = route.split(' ') as ['GET', string];
    expect((await app.app.inject({ method, url: `/api/v1${path}` })).statusCode).toBe(401);
  });
});

describe('revocation', () => {
  class WhoAmI {
    @IsString()
    id: string;
  }

  /** A route that reads nothing. */
  @Controller('who-am-i')
  class WhoAmIController {
    @Get()
    @Authenticated()
    @Responds(WhoAmI, { summary: 'Who' })
    get(@CurrentCaller() { id }: Caller): WhoAmI {
      return { id };
    }
  }

  @Module({ controllers: [WhoAmIController] })
  class WhoAmIModule {}

  const SECOND = 1000;
  /** Of all instances of one service. */
  const JWT_SECRET = 'Jg3v0cXhVq7Zt1bKfYwQ9mR2sLpD8eNu';

  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  const sessionIdOf = ({ tokens }: SignedInResponse) => tokens.refreshToken.split('.')[0];

  const start = (environment: Record<string, string> = {}) => setup(environment, { imports: [WhoAmIModule] });

  const statusOf = async ({ get }: Setup, token: string) => (await get('/who-am-i', { token })).status;

  describe('U3 access tokens of an ended session', () => {
    let app: Setup;
    beforeAll(async () => {
      app = await start();
    });
    afterAll(() => app.close());

    const status = (token: string) => statusOf(app, token);

    it('hold no longer after a logout; those of other sessions do', async () => {
      const mine = await registerUser(app);
      const other = await login(app, mine.user.email);
      expect(await status(mine.token)).toBe(200);
      await app.post('/auth/logout', { refreshToken: mine.tokens.refreshToken });
      const { status: after, headers, body } = await app.get('/who-am-i', { token: mine.token });
      expect([after, body.error.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(await status(other.token)).toBe(200);
    });

    it('hold no longer, though never seen before the logout', async () => {
      const { tokens, token } = await registerUser(app);
      await app.post('/auth/logout', { refreshToken: tokens.refreshToken });
      expect(await status(token)).toBe(401);
    });

    it('hold no longer when one ends another, or all', async () => {
      const mine = await registerUser(app);
      const other = await login(app, mine.user.email);
      await app.delete(`/auth/sessions/${sessionIdOf(other)}`, { token: mine.token });
      expect([await status(other.token), await status(mine.token)]).toEqual([401, 200]);
      const third = await login(app, mine.user.email);
      await app.post('/auth/logout-all', undefined, { token: mine.token });
      expect([await status(third.token), await status(mine.token)]).toEqual([401, 401]);
      expect(await status((await login(app, mine.user.email)).token)).toBe(200);
    });

    it('hold no longer when an old refresh token was used again', async () => {
      const { tokens, token } = await registerUser(app);
      const { body } = await app.post<Body<SignedInResponse>>('/auth/refresh', {
        refreshToken: tokens.refreshToken,
      });
      expect(await status(token)).toBe(200);
      passTime(11 * SECOND);
      await app.post('/auth/refresh', { refreshToken: tokens.refreshToken });
      expect([await status(token), await status(body.data.tokens.accessToken)]).toEqual([401, 401]);
    });

    it('hold no longer when the password is changed, but for the session that changes it', async () => {
      const mine = await registerUser(app);
      const other = await login(app, mine.user.email);
      const body = { currentPassword: PASSWORD, newPassword: 'a battery of correct horses' };
      expect((await app.post('/auth/password/change', body, { token: mine.token })).status).toBe(204);
      expect([await status(other.token), await status(mine.token)]).toEqual([401, 200]);
    });

    it('still let their bearer use what is public', async () => {
      const { user, tokens, token } = await registerUser(app);
      await app.post('/auth/logout', { refreshToken: tokens.refreshToken });
      const credentials = { email: user.email, password: PASSWORD };
      expect((await app.post('/auth/login', credentials, { token })).status).toBe(200);
    });
  });

  describe('U4 access tokens of a changed or deleted account', () => {
    let app: Setup;
    beforeAll(async () => {
      app = await start();
    });
    afterAll(() => app.close());

    it('hold no longer with the former role; a refresh brings the new one', async () => {
      const [admin, moderator] = [await createAdmin(app), await createWithRole(app, 'moderator')];
      const path = `/users/${admin.user.id}`;
      expect((await app.get(path, { token: moderator.token })).status).toBe(200);
      await app.patch(`/users/${moderator.user.id}`, { role: 'user' }, { token: admin.token });
      expect((await app.get(path, { token: moderator.token })).status).toBe(401);
      const { refreshToken } = moderator.tokens;
      const { body } = await app.post<Body<SignedInResponse>>('/auth/refresh', { refreshToken });
      const token = body.data.tokens.accessToken;
      expect((await app.get(path, { token })).status).toBe(403);
      expect((await app.get('/users/me', { token })).status).toBe(200);
    });

    it('hold no longer when the account is deleted', async () => {
      const [admin, user] = [await createAdmin(app), await registerUser(app)];
      expect(await statusOf(app, user.token)).toBe(200);
      await app.delete(`/users/${user.user.id}`, { token: admin.token });
      expect(await statusOf(app, user.token)).toBe(401);
    });

    it('hold on when a change came to nothing', async () => {
      const admin = await createAdmin(app);
      const { status } = await app.patch(
        `/users/${admin.user.id}`,
        { role: 'user' },
        { token: admin.token, headers: { 'if-match': '"stale"' } },
      );
      expect(status).toBe(412);
      expect(await statusOf(app, admin.token)).toBe(200);
    });
  });

  describe('U3 on another instance', () => {
    let engine: EmbeddedFirestore;
    let here: Setup;
    let there: Setup;

    const instance = () =>
      start({ JWT_SECRET, FIRESTORE_MODE: 'emulator', FIRESTORE_EMULATOR_HOST: engine.address });

    beforeAll(async () => {
      engine = await startEmbeddedFirestore({ indexes: 'off' });
      [here, there] = [await instance(), await instance()];
    });
    afterAll(async () => {
      await Promise.all([here.close(), there.close()]);
      await engine.close();
    });

    it('a token holds no longer within a minute', async () => {
      const { tokens, token } = await registerUser(here);
      expect(await statusOf(there, token)).toBe(200);
      await here.post('/auth/logout', { refreshToken: tokens.refreshToken });
      expect(await statusOf(here, token)).toBe(401);
      passTime(60 * SECOND);
      expect(await statusOf(there, token)).toBe(401);
    });

    it('a deleted account is not found, even before its token is known to hold no longer', async () => {
      const [admin, { user, token }] = [await createAdmin(here), await registerUser(here)];
      expect(await statusOf(there, token)).toBe(200);
      await here.delete(`/users/${user.id}`, { token: admin.token });
      const body = { currentPassword: PASSWORD, newPassword: 'another long one 7' };
      expect((await there.get('/users/me', { token })).status).toBe(404);
      expect((await there.post('/auth/password/change', body, { token })).status).toBe(404);
      expect((await there.post('/auth/email/verification', undefined, { token })).status).toBe(404);
    });

    it('a role holds no longer within a minute', async () => {
      const [admin, other] = [await createAdmin(here), await createAdmin(here)];
      expect((await there.get('/users', { token: other.token })).status).toBe(200);
      await here.patch(`/users/${other.user.id}`, { role: 'user' }, { token: admin.token });
      passTime(60 * SECOND);
      expect((await there.get('/users', { token: other.token })).status).toBe(401);
    });

    it('that starts later a token does not hold', async () => {
      const { tokens, token } = await registerUser(here);
      await here.post('/auth/logout', { refreshToken: tokens.refreshToken });
      const later = await instance();
      expect(await statusOf(later, token)).toBe(401);
      await later.close();
    });

    it('a request of a known token reads nothing for it', async () => {
      const { token } = await registerUser(here);
      await statusOf(here, token);
      const rpcs = recordRpcs(here);
      for (let count = 0; count < 20; count++) expect(await statusOf(here, token)).toBe(200);
      expect(rpcs).toEqual([]);
    });

    it('that cannot read what is revoked no token is relied on after a minute, and all is well when it can', async () => {
      passTime(60 * SECOND);
      const { user, token } = await registerUser(here);
      expect(await statusOf(here, token)).toBe(200);
      const read = jest.spyOn(Query.prototype, 'get').mockRejectedValue(new Error('out of reach'));
      passTime(59 * SECOND);
      expect((await here.get('/who-am-i', { token })).status).toBe(200);
      passTime(SECOND);
      const { status, headers, body } = await here.get('/users/me', { token });
      expect([status, headers['retry-after'], body.error.code]).toEqual([503, '1', 'SERVICE_UNAVAILABLE']);
      expect((await here.get('/users/me')).status).toBe(401);
      expect(
        (
          await here.app.inject({
            method: 'GET',
            url: '/health',
            headers: { authorization: `Bearer ${token}` },
          })
        ).statusCode,
      ).toBe(200);
      read.mockRestore();
      expect((await here.get('/users/me', { token })).body.data.id).toBe(user.id);
    });
  });
});
