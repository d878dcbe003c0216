import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { SessionResponse, SignedInResponse } from '../src/features/auth/auth.dto.js';
import { Transactions } from '../src/core/firestore/transactions.js';
import { SessionsService } from '../src/features/auth/sessions.service.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { type Body, createAdmin, login, PASSWORD, registerUser } from './support/users.js';

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

describe('U1 sessions', () => {
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
