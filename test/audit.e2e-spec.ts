import { randomUUID } from 'node:crypto';
import { Firestore, Timestamp } from 'firebase-admin/firestore';
import type { AuditEntryResponse } from '../src/features/audit/audit.dto.js';
import type { SignedInResponse } from '../src/features/auth/auth.dto.js';
import { type Setup, setup } from './support/setup.js';
import {
  type Body,
  createAdmin,
  createWithRole,
  login,
  person,
  registerUser,
  type SignedIn,
} from './support/users.js';

type AuditBody = Body<AuditEntryResponse[]>;

let app: Setup;
let admin: SignedIn;
beforeAll(async () => {
  app = await setup({ TRUSTED_PROXIES: '1', AUDIT_RETENTION_DAYS: '30' });
  admin = await createAdmin(app);
});
afterAll(() => app.close());

const audit = (query: Record<string, string>, { token } = admin) =>
  app.get<AuditBody>('/audit', { token, query });
/** What was done to an account, the oldest first. */
const trailOf = async (userId: string) => (await audit({ userId, order: 'asc' })).body.data;

const idOf = ({ token }: SignedIn) =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sid: string }).sid;

describe('the audit trail', () => {
  it('says who did what to which account, when, from where', async () => {
    const headers = {
      'x-forwarded-for': '203.0.113.7',
      'user-agent': `Browser ${'x'.repeat(400)}`,
      'x-request-id': `test-${randomUUID()}`,
    };
    const { user } = await registerUser(app);
    const before = Date.now();
    await app.patch(`/users/${user.id}`, { role: 'moderator' }, { token: admin.token, headers });
    const entry = (await trailOf(user.id)).find(({ action }) => action === 'user.role_changed')!;
    expect(entry).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      action: 'user.role_changed',
      userId: user.id,
      actorId: admin.user.id,
      address: '203.0.113.7',
      userAgent: headers['user-agent'].slice(0, 300),
      requestId: headers['x-request-id'],
      details: { from: 'user', to: 'moderator' },
    });
    expect(Date.parse(entry.at)).toBeGreaterThanOrEqual(before);
  });

  it('follows an account from the first day to the last', async () => {
    const { user, token } = await registerUser(app);
    await login(app, user.email);
    await app.patch(`/users/${user.id}`, { firstName: 'Grace', email: person().email }, { token });
    await app.delete(`/users/${user.id}`, { token: admin.token });
    const trail = await trailOf(user.id);
    const [created, signedIn, ...rest] = trail.map(({ action }) => action);
    expect([created, signedIn]).toEqual(['user.created', 'sign_in.succeeded']);
    expect(rest.slice(0, 2).toSorted()).toEqual(['email.changed', 'user.updated']); // of one moment
    expect(rest.slice(2).toSorted()).toEqual(['session.all_ended', 'user.deleted']);
    expect(trail.at(-1)).toMatchObject({ actorId: admin.user.id });
    expect(JSON.stringify(trail)).not.toContain(user.email);
  });

  it('knows of each end of a session, and of a token that was used again', async () => {
    const { user, tokens } = await registerUser(app);
    const [second, third] = [await login(app, user.email), await login(app, user.email)];
    await app.delete(`/auth/sessions/${idOf(second)}`, { token: third.token });
    await app.post('/auth/logout', { refreshToken: third.tokens.refreshToken });
    const refresh = (refreshToken: string) =>
      app.post<Body<SignedInResponse>>('/auth/refresh', { refreshToken });
    const next = (await refresh(tokens.refreshToken)).body.data.tokens.refreshToken;
    await refresh(next);
    expect((await refresh(tokens.refreshToken)).status).toBe(401);
    const { token } = await login(app, user.email);
    await app.post('/auth/logout-all', {}, { token });
    const ends = (await trailOf(user.id)).filter(({ action }) => action.startsWith('session.'));
    expect(ends.map(({ action, actorId }) => [action, actorId])).toEqual([
      ['session.ended', user.id],
      ['session.ended', user.id],
      ['session.token_reused', undefined], // by whom, nobody can tell
      ['session.all_ended', user.id],
    ]);
  });

  it('has an entry if and only if the change was made', async () => {
    const [{ user: other }, { user, token }] = [await registerUser(app), await registerUser(app)];
    const { status } = await app.patch(`/users/${user.id}`, { email: other.email }, { token });
    expect(status).toBe(409);
    expect((await trailOf(user.id)).map(({ action }) => action)).toEqual(['user.created']);
  });

  it('is filtered by account, actor and action, and read page by page', async () => {
    const { user } = await registerUser(app);
    for (const role of ['moderator', 'user', 'moderator', 'user'])
      await app.patch(`/users/${user.id}`, { role }, { token: admin.token });
    const query = { userId: user.id, actorId: admin.user.id, action: 'user.role_changed' };
    const all = (await audit(query)).body;
    expect(all.meta.pagination).toMatchObject({ total: 4 });
    expect(all.data.map(({ details }) => details.to)).toEqual(['user', 'moderator', 'user', 'moderator']);
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await audit({ ...query, cursor, limit: '3' });
      ids.push(...body.data.map(({ id }) => id));
      ({ nextCursor: cursor } = body.meta.pagination as { nextCursor: string | null });
    }
    expect(ids).toEqual(all.data.map(({ id }) => id));
    for (const wrong of [{ action: 'x' }, { userId: 'x' }, { actorId: '1' }, { requestId: 'x' }])
      expect((await audit(wrong as unknown as Record<string, string>)).status).toBe(400);
    expect((await audit({ cursor: 'made-up' })).body.error.code).toBe('INVALID_CURSOR');
  });

  it('is for admins', async () => {
    for (const caller of [await registerUser(app), await createWithRole(app, 'moderator')])
      expect((await audit({}, caller)).status).toBe(403);
  });

  it('is kept for as long as it is configured to be', async () => {
    const { user } = await registerUser(app);
    const [{ id, at }] = (await trailOf(user.id)) as [AuditEntryResponse];
    const stored = await app.app.get(Firestore).doc(`auditEntries/${id}`).get();
    const days = ((stored.get('expiresAt') as Timestamp).toMillis() - Date.parse(at)) / 86_400_000;
    expect(days).toBeCloseTo(30, 3);
  });
});
