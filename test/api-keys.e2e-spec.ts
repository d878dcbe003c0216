import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Firestore } from 'firebase-admin/firestore';
import type { Permission } from '../src/core/auth/roles.js';
import type { ApiKeyResponse, NewApiKeyResponse } from '../src/features/api-keys/api-keys.dto.js';
import { recordRpcs } from './support/rpcs.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { type Body, createAdmin, createWithRole, registerUser, type SignedIn } from './support/users.js';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

let app: Setup;
beforeAll(async () => {
  app = await setup();
});
afterAll(() => app.close());
afterEach(() => void jest.useRealTimers());

const make = ({ token }: SignedIn, scopes: Permission[], fields: object = {}) =>
  app.post<Body<NewApiKeyResponse>>('/api-keys', { name: 'Report', scopes, ...fields }, { token });
const keyOf = async (user: SignedIn, scopes: Permission[], fields: object = {}) =>
  (await make(user, scopes, fields)).body.data;
const listOf = async ({ token }: SignedIn) =>
  (await app.get<Body<ApiKeyResponse[]>>('/api-keys', { token })).body.data;
const meStatus = async (token: string) => (await app.get('/users/me', { token })).status;

describe('U7 an API key', () => {
  it('is shown once, and stored as a hash', async () => {
    const user = await registerUser(app);
    const { status, body } = await make(user, ['users:read'], { expiresInDays: 30 });
    expect(status).toBe(201);
    const { key, ...rest } = body.data;
    expect(key).toMatch(/^ak_[\da-f]{32}_[\w-]{65}$/);
    expect(key.startsWith(`${rest.prefix}_`)).toBe(true);
    expect(Date.parse(rest.expiresAt) - Date.parse(rest.createdAt)).toBeCloseTo(30 * DAY, -4);
    expect(await listOf(user)).toEqual([rest]);
    const stored = await app.app.get(Firestore).doc(`apiKeys/${rest.id}`).get();
    expect(stored.data()).toMatchObject({ userId: user.user.id, name: 'Report', scopes: ['users:read'] });
    expect(JSON.stringify(stored.data())).not.toContain(key.slice(36, 60));
  });

  it('calls in the name of its user, as far as its scopes go', async () => {
    const user = await registerUser(app);
    const reader = (await keyOf(user, ['users:read'])).key;
    const me = await app.get('/users/me', { token: reader });
    expect([me.status, me.body.data.id]).toEqual([200, user.user.id]);
    expect((await app.get(`/users/${user.user.id}`, { token: reader })).status).toBe(200);
    const change = await app.patch(`/users/${user.user.id}`, { firstName: 'Augusta' }, { token: reader });
    expect([change.status, change.body.error.message]).toEqual([403, 'This API key may not do this.']);
    const writer = (await keyOf(user, ['users:write'])).key;
    expect(
      (await app.patch(`/users/${user.user.id}`, { firstName: 'Augusta' }, { token: writer })).status,
    ).toBe(200);
    expect(await meStatus(writer)).toBe(403);
  });

  it('may no more than its user', async () => {
    const [user, other] = [await registerUser(app), await registerUser(app)];
    const { key } = await keyOf(user, ['users:read']);
    expect((await app.get(`/users/${other.user.id}`, { token: key })).status).toBe(403);
    for (const scope of ['users:list', 'users:delete', 'audit:read'] as const) {
      const { status, body } = await make(user, ['users:read', scope]);
      expect([status, body.error.message]).toEqual([403, `You may not do what the scope ${scope} names.`]);
    }
  });

  it('of an admin may what its scopes name, and nothing else', async () => {
    const [admin, other] = [await createAdmin(app), await registerUser(app)];
    const { key } = await keyOf(admin, ['users:list']);
    expect((await app.get('/users', { token: key })).status).toBe(200);
    expect((await app.get('/audit', { token: key })).status).toBe(403);
    expect((await app.get(`/users/${other.user.id}`, { token: key })).status).toBe(403);
    expect((await app.delete(`/users/${other.user.id}`, { token: key })).status).toBe(403);
  });

  it('cannot become more than it is', async () => {
    const admin = await createAdmin(app);
    const { id, key } = await keyOf(admin, [
      'users:read',
      'users:list',
      'users:write',
      'users:delete',
      'audit:read',
    ]);
    const attempts = [
      app.post('/api-keys', { name: 'x', scopes: ['users:read'] }, { token: key }),
      app.get('/api-keys', { token: key }),
      app.delete(`/api-keys/${id}`, { token: key }),
      app.get('/auth/sessions', { token: key }),
      app.delete(`/auth/sessions/${randomUUID()}`, { token: key }),
      app.post('/auth/logout-all', undefined, { token: key }),
      app.patch(`/users/${admin.user.id}`, { email: 'thief@example.com' }, { token: key }),
      app.patch(`/users/${(await registerUser(app)).user.id}`, { role: 'admin' }, { token: key }),
    ];
    for (const attempt of attempts) expect((await attempt).status).toBe(403);
    expect((await app.post('/auth/refresh', { refreshToken: key })).status).toBe(401);
    expect(await meStatus(admin.token)).toBe(200);
  });

  it('expires, though it was just used', async () => {
    const user = await registerUser(app);
    const { key } = await keyOf(user, ['users:read'], { expiresInDays: 1 });
    passTime(DAY - 60_000);
    expect(await meStatus(key)).toBe(200);
    passTime(60_000);
    expect(await meStatus(key)).toBe(401);
    const { body } = await app.post('/auth/refresh', { refreshToken: user.tokens.refreshToken });
    expect(await listOf({ ...user, token: body.data.tokens.accessToken })).toEqual([]);
  });

  it('is revoked by its user, and by an admin; nobody else learns that it exists', async () => {
    const [user, stranger] = [await registerUser(app), await createWithRole(app, 'moderator')];
    for (const revoker of [user, await createAdmin(app)]) {
      const { id, key } = await keyOf(user, ['users:read']);
      expect(await meStatus(key)).toBe(200);
      const refused = await app.delete(`/api-keys/${id}`, { token: stranger.token });
      expect([refused.status, refused.body.error.code]).toEqual([404, 'API_KEY_NOT_FOUND']);
      expect((await app.delete(`/api-keys/${id}`, { token: revoker.token })).status).toBe(204);
      expect(await meStatus(key)).toBe(401);
      expect((await app.delete(`/api-keys/${id}`, { token: revoker.token })).status).toBe(404);
    }
    expect(await listOf(stranger)).toEqual([]);
  });

  it('leaves a trace of who made and revoked it', async () => {
    const [admin, user] = [await createAdmin(app), await registerUser(app)];
    const { id } = await keyOf(user, ['users:read', 'users:write']);
    await app.delete(`/api-keys/${id}`, { token: admin.token });
    const query = { userId: user.user.id, order: 'asc' };
    const { body } = await app.get('/audit', { token: admin.token, query });
    expect(body.data.slice(-2)).toEqual([
      expect.objectContaining({
        action: 'api_key.created',
        actorId: user.user.id,
        details: { keyId: id, scopes: 'users:read users:write' },
      }),
      expect.objectContaining({ action: 'api_key.revoked', actorId: admin.user.id, details: { keyId: id } }),
    ]);
  });

  it('follows the role of its user, and ends with him', async () => {
    const [admin, other] = [await createAdmin(app), await createAdmin(app)];
    const { key } = await keyOf(other, ['users:list', 'users:read']);
    expect((await app.get('/users', { token: key })).status).toBe(200);
    await app.patch(`/users/${other.user.id}`, { role: 'user' }, { token: admin.token });
    expect((await app.get('/users', { token: key })).status).toBe(403);
    expect(await meStatus(key)).toBe(200);
    await app.delete(`/users/${other.user.id}`, { token: admin.token });
    expect(await meStatus(key)).toBe(401);
  });

  it('tells to about an hour when it was used, and is not read anew for each request', async () => {
    const user = await registerUser(app);
    const { key } = await keyOf(user, ['users:write']);
    passTime(0);
    const used = new Date().toISOString();
    expect(await meStatus(key)).toBe(403);
    const rpcs = recordRpcs(app);
    expect(await meStatus(key)).toBe(403);
    expect(rpcs).toEqual([]);
    passTime(HOUR / 2);
    expect(await meStatus(key)).toBe(403);
    const { body } = await app.post('/auth/refresh', { refreshToken: user.tokens.refreshToken });
    const [listed] = await listOf({ ...user, token: body.data.tokens.accessToken });
    expect(listed!.lastUsedAt).toBe(used);
  });

  it('is one of twenty at most, however many are asked for at once', async () => {
    const user = await registerUser(app);
    const answers = await Promise.all(Array.from({ length: 22 }, () => make(user, ['users:read'])));
    const made = answers.filter(({ status }) => status === 201);
    expect(answers.filter(({ status }) => ![201, 409, 503].includes(status))).toEqual([]);
    expect(await listOf(user)).toHaveLength(made.length);
    while ((await listOf(user)).length < 20) await make(user, ['users:read']);
    const { status, body } = await make(user, ['users:read']);
    expect([status, body.error.code]).toEqual([409, 'TOO_MANY_API_KEYS']);
    await app.delete(`/api-keys/${made[0]!.body.data.id}`, { token: user.token });
    expect((await make(user, ['users:read'])).status).toBe(201);
  });

  it.each<[string, (key: string, other: string) => string]>([
    ['a changed secret', (key) => key.slice(0, 40) + (key[40] === 'A' ? 'B' : 'A') + key.slice(41)],
    ['a changed end', (key) => key.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))],
    ['the secret of another', (key, other) => key.slice(0, 36) + other.slice(36)],
    ['an invented secret', (key) => key.slice(0, 36) + 'A'.repeat(65)],
    ['only a prefix', (key) => key.slice(0, 35)],
    ['a path', () => `ak_../../users/x_${'A'.repeat(65)}`],
    ['capitals', (key) => key.toUpperCase()],
    ['more than the key', (key) => `${key}A`],
  ])('is refused with %s, without a read', async (_what, forge) => {
    const user = await registerUser(app);
    const [{ key }, { key: other }] = [await keyOf(user, ['users:read']), await keyOf(user, ['users:read'])];
    const rpcs = recordRpcs(app);
    const { status, headers } = await app.get('/users/me', { token: forge(key, other) });
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(rpcs).toEqual([]);
  });

  it.each([
    [{ name: '' }],
    [{ name: 'x'.repeat(61) }],
    [{ name: 'a\r\nb' }],
    [{ scopes: [] }],
    [{ scopes: ['users:read', 'users:read'] }],
    [{ scopes: ['*'] }],
    [{ scopes: 'users:read' }],
    [{ expiresInDays: 0 }],
    [{ expiresInDays: 366 }],
    [{ userId: randomUUID() }],
  ])('is not made of %j', async (fields) => {
    const { status, body } = await make(await registerUser(app), ['users:read'], fields);
    expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  });
});
