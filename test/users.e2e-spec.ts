import { randomUUID } from 'node:crypto';
import { Firestore } from 'firebase-admin/firestore';
import type { UserResponse } from '../src/features/users/users.dto.js';
import type { AuditEntryResponse } from '../src/features/audit/audit.dto.js';
import { type Setup, setup } from './support/setup.js';
import {
  type Body,
  createAdmin,
  createWithRole,
  login,
  PASSWORD,
  person,
  registerUser,
  type SignedIn,
} from './support/users.js';

describe('users', () => {
  let app: Setup;
  let admin: SignedIn;
  beforeAll(async () => {
    app = await setup();
    admin = await createAdmin(app);
  });
  afterAll(() => app.close());

  const idsFoundBy = async (search: string) => {
    const { body } = await app.get<Body<UserResponse[]>>('/users', { token: admin.token, query: { search } });
    return body.data.map(({ id }) => id);
  };

  describe('U5 reading a user', () => {
    it('gives everybody himself, by "me" and by id', async () => {
      const { user, token } = await registerUser(app);
      for (const id of ['me', user.id]) {
        const { status, body } = await app.get(`/users/${id}`, { token });
        expect(status).toBe(200);
        expect(body.data).toEqual(user);
        expect(Object.keys(body.data)).toEqual([
          'id',
          'email',
          'firstName',
          'lastName',
          'role',
          'emailVerified',
          'createdAt',
          'updatedAt',
        ]);
      }
    });

    it('gives others to moderators and admins only', async () => {
      const { user } = await registerUser(app);
      const moderator = await createWithRole(app, 'moderator');
      for (const { token } of [moderator, admin]) {
        expect((await app.get(`/users/${user.id}`, { token })).body.data).toEqual(user);
      }
      const stranger = await registerUser(app);
      const { status, body } = await app.get(`/users/${user.id}`, { token: stranger.token });
      expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
      const unknown = await app.get(`/users/${randomUUID()}`, { token: stranger.token });
      expect(unknown.body.error).toEqual(body.error);
    });

    it('answers 404 for nobody, 400 for what is no id', async () => {
      const { status, body } = await app.get(`/users/${randomUUID()}`, { token: admin.token });
      expect([status, body.error.code]).toEqual([404, 'USER_NOT_FOUND']);
      for (const id of ['x', '__x__', 'a%2fb', '%00']) {
        expect((await app.get(`/users/${id}`, { token: admin.token })).status).toBe(400);
      }
    });
  });

  describe('U5 changing a user', () => {
    it('lets everybody change himself, field by field', async () => {
      const { user, token } = await registerUser(app);
      const email = person().email.toUpperCase();
      const { status, body } = await app.patch(
        `/users/${user.id}`,
        { firstName: ' Grace ', email },
        { token },
      );
      expect(status).toBe(200);
      expect(body.data).toEqual({ ...user, firstName: 'Grace', email, updatedAt: expect.any(String) });
      expect(body.data.updatedAt > user.updatedAt).toBe(true);
      expect((await app.get('/users/me', { token })).body.data).toEqual(body.data);
      expect((await login(app, email.toLowerCase())).user).toEqual(body.data);
      expect((await app.post('/auth/login', { email: user.email, password: PASSWORD })).status).toBe(401);
    });

    it('lets only an admin change others', async () => {
      const { user } = await registerUser(app);
      for (const { token } of [await registerUser(app), await createWithRole(app, 'moderator')]) {
        const { status, body } = await app.patch(`/users/${user.id}`, { firstName: 'Mallory' }, { token });
        expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
      }
      const { body } = await app.patch(`/users/${user.id}`, { firstName: 'Grace' }, { token: admin.token });
      expect(body.data.firstName).toBe('Grace');
    });

    it('lets only an admin give a role', async () => {
      for (const own of ['user', 'moderator'] as const) {
        const { user, token } = await createWithRole(app, own);
        const { status, body } = await app.patch(
          `/users/${user.id}`,
          { firstName: 'X', role: 'admin' },
          { token },
        );
        expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
        expect((await app.get('/users/me', { token })).body.data).toEqual(user);
        const given = await app.patch(`/users/${user.id}`, { role: 'admin' }, { token: admin.token });
        expect(given.body.data.role).toBe('admin');
      }
    });

    it.each([
      [{ passwordHash: 'x' }, 'passwordHash', 'whitelistValidation'],
      [{ id: 'x' }, 'id', 'whitelistValidation'],
      [{ searchPrefixes: [] }, 'searchPrefixes', 'whitelistValidation'],
      [{ email: 'nonsense' }, 'email', 'isEmail'],
      [{ email: null }, 'email', 'isEmail'],
      [{ firstName: null }, 'firstName', 'isString'],
      [{ lastName: '' }, 'lastName', 'isLength'],
      [{ role: 'root' }, 'role', 'isIn'],
      [{ role: null }, 'role', 'isIn'],
    ])('refuses %j', async (changes, field, constraint) => {
      const { user, token } = await registerUser(app);
      const { status, body } = await app.patch(`/users/${user.id}`, changes, { token });
      expect(status).toBe(400);
      expect(body.error.details.errors).toContainEqual(expect.objectContaining({ field, constraint }));
      expect((await app.get('/users/me', { token })).body.data).toEqual(user);
    });

    it('refuses an e-mail that another has, and leaves everything as it was', async () => {
      const { user: other } = await registerUser(app);
      const { user, token } = await registerUser(app);
      const email = other.email.toUpperCase();
      const { status, body } = await app.patch(`/users/${user.id}`, { email, firstName: 'X' }, { token });
      expect([status, body.error.code]).toEqual([409, 'EMAIL_TAKEN']);
      expect((await app.get('/users/me', { token })).body.data).toEqual(user);
    });

    it('lets one of many at once take an e-mail', async () => {
      const users = await Promise.all(Array.from({ length: 8 }, () => registerUser(app)));
      const { email } = person();
      const answers = await Promise.all(
        users.map(({ user, token }) => app.patch(`/users/${user.id}`, { email }, { token })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([
        200, 409, 409, 409, 409, 409, 409, 409,
      ]);
      const winner = users[answers.findIndex(({ status }) => status === 200)]!;
      expect(await idsFoundBy(email)).toEqual([winner.user.id]);
    });

    it('frees the old e-mail, and keeps it when only its case changes', async () => {
      const { user, token } = await registerUser(app);
      const upper = user.email.toUpperCase();
      expect((await app.patch(`/users/${user.id}`, { email: upper }, { token })).body.data.email).toBe(upper);
      expect((await app.post('/auth/register', person({ email: user.email }))).status).toBe(409);
      await app.patch(`/users/${user.id}`, { email: person().email }, { token });
      expect((await app.post('/auth/register', person({ email: user.email }))).status).toBe(201);
    });

    it('keeps both of two changes at once', async () => {
      const { user, token } = await registerUser(app);
      await Promise.all([
        app.patch(`/users/${user.id}`, { firstName: 'Grace' }, { token }),
        app.patch(`/users/${user.id}`, { lastName: 'Hopper' }, { token }),
      ]);
      expect((await app.get('/users/me', { token })).body.data).toMatchObject({
        firstName: 'Grace',
        lastName: 'Hopper',
      });
    });
  });

  describe('U5 deleting a user', () => {
    it('is for admins, not even for the user himself', async () => {
      const { user, token } = await registerUser(app);
      const moderator = await createWithRole(app, 'moderator');
      for (const caller of [token, moderator.token]) {
        expect((await app.delete(`/users/${user.id}`, { token: caller })).status).toBe(403);
      }
    });

    it('ends his sessions and frees his e-mail', async () => {
      const { user, token, tokens } = await registerUser(app);
      const other = await login(app, user.email);
      const { status, body } = await app.delete(`/users/${user.id}`, { token: admin.token });
      expect([status, body]).toEqual([204, undefined]);
      for (const { refreshToken } of [tokens, other.tokens]) {
        const refreshed = await app.post('/auth/refresh', { refreshToken });
        expect([refreshed.status, refreshed.body.error.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
      }
      const sessions = await app.app
        .get(Firestore)
        .collection('sessions')
        .where('userId', '==', user.id)
        .get();
      expect(sessions.size).toBe(0);
      expect((await app.get('/users/me', { token })).status).toBe(401);
      expect((await app.post('/auth/login', { email: user.email, password: PASSWORD })).status).toBe(401);
      expect(await idsFoundBy(user.email)).toEqual([]);
      const again = await app.delete(`/users/${user.id}`, { token: admin.token });
      expect([again.status, again.body.error.code]).toEqual([404, 'USER_NOT_FOUND']);
      const { user: heir } = await registerUser(app, { email: user.email });
      expect(heir.id).not.toBe(user.id);
    });

    it('is news that may take an instance a minute to hear: until then its token finds nobody', async () => {
      const { user, token } = await registerUser(app);
      await app.app.get(Firestore).doc(`users/${user.id}`).delete();
      const { status, body } = await app.get('/users/me', { token });
      expect([status, body.error.code]).toEqual([404, 'USER_NOT_FOUND']);
    });
  });
});

describe('U4 the last admin', () => {
  /** Each test has an application, and with it admins, of its own. */
  let app: Setup;
  beforeEach(async () => {
    app = await setup({ JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789' });
  });
  afterEach(() => app.close());

  const demote = (id: string, token: string) => app.patch(`/users/${id}`, { role: 'user' }, { token });
  const admins = async (token: string) =>
    (await app.get('/users', { token, query: { role: 'admin' } })).body.meta.pagination.total as number;

  it('can neither give his role away nor be deleted', async () => {
    const { user, token } = await createAdmin(app);
    for (const { status, body } of [
      await demote(user.id, token),
      await app.delete(`/users/${user.id}`, { token }),
    ])
      expect([status, body.error.code]).toEqual([409, 'LAST_ADMIN']);
    expect(await admins(token)).toBe(1);
    expect(
      (await app.patch(`/users/${user.id}`, { role: 'admin', firstName: 'Grace' }, { token })).status,
    ).toBe(200);
    const { body } = await app.get<Body<AuditEntryResponse[]>>('/audit', {
      token,
      query: { userId: user.id },
    });
    expect(body.data.map(({ action }) => action)).not.toContain('user.role_changed');
  });

  it('goes when there is another, and says who took the role', async () => {
    const [first, second] = [await createAdmin(app), await createAdmin(app)];
    expect((await demote(first.user.id, first.token)).status).toBe(200);
    expect((await app.delete(`/users/${first.user.id}`, { token: second.token })).status).toBe(204);
    expect((await demote(second.user.id, second.token)).status).toBe(409);
  });

  it.each([
    ['demote each other', (id: string, token: string) => demote(id, token)],
    ['delete each other', (id: string, token: string) => app.delete(`/users/${id}`, { token })],
  ])('is left when all of them %s at once', async (_what, act) => {
    const all = [await createAdmin(app), await createAdmin(app), await createAdmin(app)];
    // Each at the next one, and at himself.
    const pairs = all.flatMap(({ token }, index) => [
      { id: all[(index + 1) % 3]!.user.id, token },
      { id: all[index]!.user.id, token },
    ]);
    const answers = await Promise.all(pairs.map(({ id, token }) => act(id, token)));
    for (const { status } of answers) expect([200, 204, 401, 403, 404, 409]).toContain(status);
    const left = await Promise.all(all.map(({ user }) => login(app, user.email).catch(() => undefined)));
    expect(left.filter((each) => each?.user.role === 'admin')).toHaveLength(1);
  });

  it('may be somebody who was given the role a moment ago', async () => {
    const [admin, { user }] = [await createAdmin(app), await registerUser(app)];
    await app.patch(`/users/${user.id}`, { role: 'admin' }, { token: admin.token });
    const heir = await login(app, user.email);
    expect((await demote(admin.user.id, heir.token)).status).toBe(200);
    expect(await admins(heir.token)).toBe(1);
  });
});
