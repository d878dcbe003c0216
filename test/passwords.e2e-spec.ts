import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Firestore } from 'firebase-admin/firestore';
import { AuthService } from '../src/features/auth/auth.service.js';
import { type MailServer, startMailServer } from './support/mail-server.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { createAdmin, login, PASSWORD, person, registerUser } from './support/users.js';

const NEW_PASSWORD = 'a brand new passphrase';
const MINUTE = 60_000;

let app: Setup;
let mail: MailServer;
beforeAll(async () => {
  mail = await startMailServer();
  app = await setup({ SMTP_URL: mail.url, APP_URL: 'https://app.example.com' });
});
afterAll(async () => {
  await app.close();
  await mail.close();
});
afterEach(() => void jest.useRealTimers());

const signIn = (email: string, password: string) => app.post('/auth/login', { email, password });
const change = (token: string, currentPassword: string, newPassword: string) =>
  app.post('/auth/password/change', { currentPassword, newPassword }, { token });
const forgot = (email: string) => app.post('/auth/password/forgot', { email });
const reset = (token: string, newPassword = NEW_PASSWORD) =>
  app.post('/auth/password/reset', { token, newPassword });
const verify = (token: string) => app.post('/auth/email/verify', { token });

/** A user who has asked for a new password, and the token that was mailed. */
async function whoForgot() {
  const signedIn = await registerUser(app);
  await forgot(signedIn.user.email);
  const { token } = await mail.take(signedIn.user.email, 'new password');
  return { ...signedIn, resetToken: token! };
}

describe('U6 changing the password', () => {
  it('wants the current one, ends the other sessions and mails a notice', async () => {
    const { user, token, tokens } = await registerUser(app);
    const other = await login(app, user.email);
    const { status, body } = await change(token, PASSWORD, NEW_PASSWORD);
    expect([status, body]).toEqual([204, undefined]);
    expect((await signIn(user.email, PASSWORD)).status).toBe(401);
    expect((await signIn(user.email, NEW_PASSWORD)).status).toBe(200);
    expect((await app.post('/auth/refresh', { refreshToken: other.tokens.refreshToken })).status).toBe(401);
    expect((await app.post('/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(200);
    const notice = await mail.take(user.email, 'password was changed');
    expect(notice.token).toBeUndefined();
  });

  it('refuses a wrong one, which counts like a failed sign-in', async () => {
    const { user, token } = await registerUser(app);
    const wrong = await change(token, 'not the password', NEW_PASSWORD);
    expect([wrong.status, wrong.body.error.code]).toEqual([403, 'WRONG_PASSWORD']);
    for (let guess = 0; guess < 4; guess++) await change(token, 'not the password', NEW_PASSWORD);
    const early = await change(token, PASSWORD, NEW_PASSWORD);
    expect([early.status, early.body.error.code]).toEqual([429, 'TOO_MANY_FAILURES']);
    expect((await signIn(user.email, PASSWORD)).status).toBe(429);
    passTime(2000);
    expect((await change(token, PASSWORD, NEW_PASSWORD)).status).toBe(204);
  });

  it('lets one of several at once succeed', async () => {
    const { user, token } = await registerUser(app);
    const chosen = Array.from({ length: 4 }, (_, index) => `${NEW_PASSWORD} ${index}`);
    const answers = await Promise.all(chosen.map((each) => change(token, PASSWORD, each)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 403, 403, 403]);
    const winner = answers.findIndex(({ status }) => status === 204);
    expect((await signIn(user.email, chosen[winner]!)).status).toBe(200);
  });

  it('lets no session begin by the password before, however they meet', async () => {
    const { user, token } = await registerUser(app);
    const [changed, ...signIns] = await Promise.all([
      change(token, PASSWORD, NEW_PASSWORD),
      ...Array.from({ length: 3 }, () => signIn(user.email, PASSWORD)),
    ]);
    expect(changed.status).toBe(204);
    for (const { status, body } of signIns) {
      if (status !== 200) continue; // it was over before the change, which has ended it
      const { refreshToken } = body.data.tokens;
      expect((await app.post('/auth/refresh', { refreshToken })).status).toBe(401);
    }
  });
});

describe('U6 what is no password', () => {
  const { email } = person({ email: `margaret.${randomUUID().slice(0, 8)}@example.com` });
  const her = { email, firstName: 'Margaret', lastName: 'Hamilton' };

  it.each([
    'password',
    'Password1',
    '1234567890',
    'QWERTYUIOP',
    'iloveyou',
    'ｐａｓｓｗｏｒｄ',
    email,
    'margaret hamilton!',
    'Hamilton1969',
  ])('is %s', async (password) => {
    const { status, body } = await app.post('/auth/register', { ...her, password });
    expect([status, body.error?.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(body.error.details.errors).toEqual([
      expect.objectContaining({ field: 'password', constraint: 'isUncommonPassword' }),
    ]);
  });

  it('is so for those who change it and for commands, too', async () => {
    const { token } = await registerUser(app);
    const { status, body } = await change(token, PASSWORD, 'sunshine');
    expect([status, body.error.details.errors[0].field]).toEqual([400, 'newPassword']);
    await expect(
      app.app.get(AuthService).createUser(person({ password: 'sunshine' }), 'admin'),
    ).rejects.toThrow('not valid');
  });

  it('is nothing for being long, short of 129, or of any characters', async () => {
    for (const password of ['x'.repeat(64), 'kořist žluťoučká 🐎', '        . .', 'x'.repeat(127) + 'y'])
      expect((await app.post('/auth/register', person({ password }))).status).toBe(201);
    expect((await app.post('/auth/register', person({ password: 'x'.repeat(129) }))).status).toBe(400);
  });
});

describe('U6 a forgotten password', () => {
  it('is replaced by a mailed token, which ends all sessions', async () => {
    const { user, tokens, resetToken } = await whoForgot();
    expect((await reset(resetToken)).status).toBe(204);
    expect((await signIn(user.email, PASSWORD)).status).toBe(401);
    expect((await app.post('/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(401);
    const { user: after } = await login(app, user.email, NEW_PASSWORD);
    expect(after.emailVerified).toBe(true); // the mail has arrived
    await mail.take(user.email, 'password was changed');
  });

  it('mails a link that no server and no log sees the token of', async () => {
    const { user } = await registerUser(app);
    await forgot(user.email.toUpperCase());
    const { headers, text, token } = await mail.take(user.email, 'new password');
    expect(text).toContain(`https://app.example.com/reset-password#token=${token}\n`);
    expect(token).toMatch(/^[\da-f-]{36}\.[\w-]{43}$/);
    expect(headers).not.toContain(token);
    expect(headers).toMatch(/^Message-ID: <[\da-f-]{36}@app.example.com>$/m);
  });

  it('answers alike whether or not there is an account', async () => {
    const { user } = await registerUser(app);
    const [known, unknown] = [await forgot(user.email), await forgot(person().email)];
    expect([known.status, known.body]).toEqual([202, undefined]);
    expect([unknown.status, unknown.body]).toEqual([202, undefined]);
    expect(Object.keys(unknown.headers)).toEqual(Object.keys(known.headers));
  });

  it('takes a token once, of two at once too', async () => {
    const { resetToken } = await whoForgot();
    const answers = await Promise.all([reset(resetToken), reset(resetToken)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 400]);
    const again = await reset(resetToken);
    expect([again.status, again.body.error.code]).toEqual([400, 'INVALID_ONE_TIME_TOKEN']);
  });

  it('takes the last token only', async () => {
    const { user, resetToken } = await whoForgot();
    await forgot(user.email);
    const { token } = await mail.take(user.email, 'new password');
    expect(token).not.toBe(resetToken);
    expect((await reset(resetToken)).status).toBe(400);
    expect((await reset(token!)).status).toBe(204);
  });

  it('takes none after an hour, a change of the password, or of the address', async () => {
    const [late, changed, moved] = [await whoForgot(), await whoForgot(), await whoForgot()];
    expect((await change(changed.token, PASSWORD, NEW_PASSWORD)).status).toBe(204);
    expect((await reset(changed.resetToken)).status).toBe(400);
    await app.patch(`/users/${moved.user.id}`, { email: person().email }, { token: moved.token });
    expect((await reset(moved.resetToken)).status).toBe(400);
    passTime(60 * MINUTE + 1);
    expect((await reset(late.resetToken)).status).toBe(400);
  });

  it.each(['', 'x', `${randomUUID()}.${'x'.repeat(43)}`, 'x'.repeat(200), 'a.b\u0000', '../users'])(
    'refuses %j as a token',
    async (token) => {
      const { status, body } = await reset(token);
      expect([status, body.error.code]).toEqual([400, 'INVALID_ONE_TIME_TOKEN']);
      expect((await verify(token)).body.error.code).toBe('INVALID_ONE_TIME_TOKEN');
    },
  );

  it('keeps the token when the new password is refused', async () => {
    const { resetToken } = await whoForgot();
    expect((await reset(resetToken, 'sunshine')).body.error.code).toBe('VALIDATION_ERROR');
    expect((await reset(resetToken)).status).toBe(204);
  });

  it('stores no token in clear, neither in the outbox nor beside it', async () => {
    const { user, resetToken } = await whoForgot();
    const firestore = app.app.get(Firestore);
    const stored = await firestore.collection('oneTimeTokens').get();
    const everything = JSON.stringify([await outbox(), stored.docs.map((each) => each.data())]);
    expect(stored.size).toBeGreaterThan(0);
    expect(everything).not.toContain(resetToken.split('.')[1]);
    expect(everything).toContain(user.email);
  });

  it('sends few mails to one address, whoever asks, and says nothing of it', async () => {
    const { user } = await registerUser(app);
    for (let request = 0; request < 6; request++) expect((await forgot(user.email)).status).toBe(202);
    for (let sent = 0; sent < 3; sent++) await mail.take(user.email, 'new password');
    const { user: other } = await registerUser(app);
    await forgot(other.email);
    await mail.take(other.email, 'new password'); // after which the first one's would have come
    expect(mail.received.filter(({ recipients }) => recipients.includes(user.email))).toHaveLength(1); // to verify
    passTime(2 * MINUTE);
    await forgot(user.email);
    await mail.take(user.email, 'new password');
  });

  const outbox = async () =>
    (await app.app.get(Firestore).collection('mails').get()).docs.map((each) => each.data());
});

describe('U6 e-mail verification', () => {
  it('is by a token that is mailed at registration', async () => {
    const { user, token } = await registerUser(app);
    expect(user.emailVerified).toBe(false);
    const { token: mailed, text } = await mail.take(user.email, 'Confirm');
    expect(text).toContain('https://app.example.com/verify-email#token=');
    expect((await verify(mailed!)).status).toBe(204);
    expect((await app.get('/users/me', { token })).body.data.emailVerified).toBe(true);
    expect((await verify(mailed!)).status).toBe(400);
  });

  it('is mailed again on demand, unless there is nothing to verify', async () => {
    const { user, token } = await registerUser(app);
    const { token: first } = await mail.take(user.email, 'Confirm');
    expect((await app.post('/auth/email/verification', {}, { token })).status).toBe(202);
    const { token: second } = await mail.take(user.email, 'Confirm');
    expect((await verify(first!)).status).toBe(400);
    expect((await verify(second!)).status).toBe(204);
    expect((await app.post('/auth/email/verification', {}, { token })).status).toBe(202);
    expect(mail.received.filter(({ recipients }) => recipients.includes(user.email))).toEqual([]);
  });

  it('is wanted anew of a new address, and the old one hears of the change', async () => {
    const { user, token } = await registerUser(app);
    const { token: first } = await mail.take(user.email, 'Confirm');
    await verify(first!);
    const { email } = person();
    const { body } = await app.patch(`/users/${user.id}`, { email }, { token });
    expect(body.data).toMatchObject({ email, emailVerified: false });
    await mail.take(user.email, 'address was changed');
    const { token: second } = await mail.take(email, 'Confirm');
    expect((await verify(second!)).status).toBe(204);
  });

  it('lets nobody change his address by an old session alone; an admin may for others', async () => {
    const admin = await createAdmin(app);
    const { user, tokens } = await registerUser(app);
    passTime(16 * MINUTE);
    const { body } = await app.post('/auth/refresh', { refreshToken: tokens.refreshToken });
    const { accessToken: token } = body.data.tokens;
    const { email } = person();
    const refused = await app.patch(`/users/${user.id}`, { email, firstName: 'Grace' }, { token });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'RECENT_SIGN_IN_REQUIRED']);
    expect((await app.get('/users/me', { token })).body.data).toEqual(user);
    expect(
      (await app.patch(`/users/${user.id}`, { email: user.email.toUpperCase() }, { token })).status,
    ).toBe(200);
    const again = await login(app, user.email);
    expect((await app.patch(`/users/${user.id}`, { email }, { token: again.token })).status).toBe(200);
    const { token: adminToken } = await login(app, admin.user.email);
    const moved = await app.patch(`/users/${user.id}`, { email: user.email }, { token: adminToken });
    expect(moved.body.data).toMatchObject({ email: user.email, emailVerified: false });
  });

  it('is no matter of the token for a password, nor the other way round', async () => {
    const { user, resetToken } = await whoForgot();
    const { token } = await mail.take(user.email, 'Confirm');
    expect((await verify(resetToken)).status).toBe(400);
    expect((await reset(token!)).status).toBe(400);
  });

  it('ends with the account: nothing that belongs to it stays', async () => {
    const admin = await createAdmin(app);
    const { user, resetToken } = await whoForgot();
    expect((await app.delete(`/users/${user.id}`, { token: admin.token })).status).toBe(204);
    expect((await reset(resetToken)).status).toBe(400);
    const firestore = app.app.get(Firestore);
    for (const collection of ['oneTimeTokens', 'sessions', 'users', 'emails']) {
      const { docs } = await firestore.collection(collection).get();
      expect(JSON.stringify(docs.map((each) => [each.id, each.data()]))).not.toContain(user.id);
    }
  });
});
