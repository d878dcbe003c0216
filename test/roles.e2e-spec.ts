import type { AuditEntryResponse } from '../src/features/audit/audit.dto.js';
import { type Setup, setup } from './support/setup.js';
import { type Body, createAdmin, login, registerUser } from './support/users.js';

/** Each test has an application, and with it admins, of its own. */
let app: Setup;
beforeEach(async () => {
  app = await setup({ JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789' });
});
afterEach(() => app.close());

const demote = (id: string, token: string) => app.patch(`/users/${id}`, { role: 'user' }, { token });
const admins = async (token: string) =>
  (await app.get('/users', { token, query: { role: 'admin' } })).body.meta.pagination.total as number;

describe('U4 the last admin', () => {
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
