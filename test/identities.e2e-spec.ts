import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { FirebaseProvider } from '../src/features/identities/firebase-provider.js';
import { IdentityIssuer, makeKey } from './support/identity-issuer.js';
import { type MailServer, startMailServer } from './support/mail-server.js';
import { recordRpcs } from './support/rpcs.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { createAdmin, login, PASSWORD, registerUser } from './support/users.js';

const SECOND = 1000;
const HOUR = 60 * 60 * SECOND;
const PROJECT = 'our-project';
const FIREBASE = `https://securetoken.google.com/${PROJECT}`;

let app: Setup;
let issuer: IdentityIssuer;
let mail: MailServer;

async function start(): Promise<void> {
  issuer = await IdentityIssuer.start();
  mail = await startMailServer();
  app = await setup({
    SMTP_URL: mail.url,
    APP_URL: 'https://app.example.com',
    AUTH_PROVIDERS: 'firebase, oidc',
    GOOGLE_CLOUD_PROJECT: PROJECT,
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: 'our-client',
  });
  app.app.get(FirebaseProvider).agent = issuer.agent;
}

async function stop(): Promise<void> {
  await app.close();
  await issuer.close();
  await mail.close();
}

afterEach(() => void jest.useRealTimers());

const me = (token: string) => app.get('/users/me', { token });
const statusOf = async (token: string) => (await me(token)).status;
const messageOf = async (token: string) => {
  const { status, body } = await me(token);
  return [status, body.error.message];
};

describe.each(['firebase', 'oidc'] as const)('U7 a token of %s', (provider) => {
  beforeAll(start);
  afterAll(stop);

  const isFirebase = provider === 'firebase';
  /** What a token of somebody new says. */
  const claimsOf = (fields: object = {}) => ({
    iss: isFirebase ? FIREBASE : issuer.url,
    aud: isFirebase ? PROJECT : 'our-client',
    sub: randomUUID(),
    email: `${randomUUID()}@example.com`,
    email_verified: true,
    name: 'Ada King Lovelace',
    ...fields,
  });
  const tokenOf = (fields: object = {}, header: object = {}) => issuer.sign(claimsOf(fields), header);

  it('makes the account of who comes for the first time, and finds it from then on', async () => {
    const claims = claimsOf();
    const { status, body } = await me(await issuer.sign(claims));
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      email: claims.email,
      firstName: 'Ada',
      lastName: 'King Lovelace',
      role: 'user',
      emailVerified: true,
    });
    const again = await me(await issuer.sign({ ...claims, name: 'Another', email: 'other@example.com' }));
    expect(again.body.data).toEqual(body.data);
  });

  it('makes one account, however many requests come first', async () => {
    const claims = claimsOf();
    const tokens = await Promise.all(
      Array.from({ length: 5 }, (_, jti) => issuer.sign({ ...claims, jti: `${jti}` })),
    );
    const answers = await Promise.all(tokens.map(me));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
  });

  it('is verified once, and not remembered past its time', async () => {
    const token = await tokenOf();
    await me(token);
    await app.get('/users', { token });
    const [rpcs, asked] = [recordRpcs(app), issuer.asked.length];
    expect((await app.get('/users', { token })).status).toBe(403);
    expect([rpcs, issuer.asked.length]).toEqual([[], asked]);
    passTime(HOUR - 10 * SECOND);
    expect(await statusOf(token)).toBe(200);
    passTime(20 * SECOND);
    expect(await statusOf(token)).toBe(401);
  });

  it('gives no role but the one that the account has by now', async () => {
    const [admin, token] = [await createAdmin(app), await tokenOf({ role: 'admin', sid: randomUUID() })];
    const { data: user } = (await me(token)).body;
    expect((await app.get('/users', { token })).status).toBe(403);
    await app.patch(`/users/${user.id}`, { role: 'admin' }, { token: admin.token });
    expect((await app.get('/users', { token })).status).toBe(200);
    await app.patch(`/users/${user.id}`, { role: 'user' }, { token: admin.token });
    expect((await app.get('/users', { token })).status).toBe(403);
  });

  it('does not bring back who was deleted', async () => {
    const [admin, claims] = [await createAdmin(app), claimsOf()];
    const token = await issuer.sign(claims);
    const { data: user } = (await me(token)).body;
    await app.delete(`/users/${user.id}`, { token: admin.token });
    for (const each of [token, await issuer.sign({ ...claims, jti: 'another' })])
      expect(await messageOf(each)).toEqual([401, 'Your account was deleted.']);
  });

  it('does not open the account that has its e-mail address', async () => {
    const { user } = await registerUser(app);
    expect(await messageOf(await tokenOf({ email: user.email.toUpperCase() }))).toEqual([
      401,
      'There is an account with your e-mail address already; sign in to it with its password.',
    ]);
  });

  it.each([
    ['no e-mail address', { email: undefined }],
    ['one that nobody has verified', { email_verified: false }],
    ['one of which it is not said', { email_verified: undefined }],
  ])('of somebody with %s makes no account', async (_what, fields) => {
    const message = 'Your identity provider must vouch for your e-mail address.';
    expect(await messageOf(await tokenOf(fields))).toEqual([401, message]);
  });

  it('makes no account of what could not be registered', async () => {
    for (const fields of [{ email: 'no address' }, { email: 'a\r\nb@example.com' }, { given_name: 'a\r\nb' }])
      expect((await messageOf(await tokenOf(fields)))[1]).toMatch(/cannot be used/);
  });

  it.each([
    [{ name: undefined }, /^[\da-f-]{36}$/, /^-$/],
    [{ name: 'Sappho' }, /^Sappho$/, /^-$/],
    [{ given_name: 'Ada', family_name: 'Lovelace', name: 'A. L.' }, /^Ada$/, /^Lovelace$/],
    [{ name: ` ${'x'.repeat(70)} y` }, /^x{60}$/, /^y$/],
    [{ name: 7, given_name: '' }, /^[\da-f-]{36}$/, /^-$/],
  ])('gives the account names: %j', async (fields, firstName, lastName) => {
    const { data } = (await me(await tokenOf(fields))).body;
    expect([data.firstName, data.lastName]).toEqual([
      expect.stringMatching(firstName),
      expect.stringMatching(lastName),
    ]);
  });

  it('makes an account without a password', async () => {
    const { data: user } = (await me(await tokenOf())).body;
    for (const password of ['', PASSWORD]) {
      const { status } = await app.post('/auth/login', { email: user.email, password });
      expect(status).toBe(401);
    }
  });

  it('makes an account that may have a password too, by mail', async () => {
    const token = await tokenOf();
    const { data: user } = (await me(token)).body;
    await app.post('/auth/password/forgot', { email: user.email });
    const mailed = await mail.take(user.email, 'new password');
    await app.post('/auth/password/reset', { token: mailed.token, newPassword: PASSWORD });
    expect((await login(app, user.email)).user.id).toBe(user.id);
    expect(await statusOf(token)).toBe(200);
  });

  it('leaves a trace of whose account it made', async () => {
    const [admin, { data: user }] = [await createAdmin(app), (await me(await tokenOf())).body];
    const { body } = await app.get('/audit', { token: admin.token, query: { userId: user.id } });
    expect(body.data.map(({ action }: { action: string }) => action).sort()).toEqual([
      'sign_in.identity_linked',
      'user.created',
    ]);
  });

  describe('is refused', () => {
    const now = () => Math.floor(Date.now() / 1000);
    it.each<[string, () => Promise<string>]>([
      ['of another audience', () => tokenOf({ aud: 'other' })],
      ['of no audience', () => tokenOf({ aud: undefined })],
      ['of another issuer', () => tokenOf({ iss: `${FIREBASE}x` })],
      ['of the other issuer', () => tokenOf({ iss: isFirebase ? issuer.url : FIREBASE })],
      ['of no issuer', () => tokenOf({ iss: undefined })],
      ['of nobody', () => tokenOf({ sub: undefined })],
      ['that has expired', () => tokenOf({ exp: now() - 10, iat: now() - 20 })],
      ['that never expires', () => tokenOf({ exp: undefined })],
      ['that does not hold yet', () => tokenOf({ nbf: now() + 60 })],
      ['from the future', () => tokenOf({ iat: now() + 60, auth_time: now() + 60 })],
      ['of an unknown kid', () => tokenOf({}, { kid: 'unknown' })],
      ['of a kid that is a path', () => tokenOf({}, { kid: '../../etc/passwd' })],
      ['of a kid that every object has', () => tokenOf({}, { kid: 'constructor' })],
      ['with a key of its own', () => issuer.sign(claimsOf(), {}, { ...makeKey('first') })],
      ['signed for RS512', () => tokenOf({}, { alg: 'RS512' })],
    ])('%s', async (_what, token) => {
      expect(await statusOf(await token())).toBe(401);
    });

    it('unsigned, or signed by a public key as if it were a secret', async () => {
      const claims = { ...claimsOf(), iat: now(), auth_time: now(), exp: now() + 60 };
      const { kid, publicKey } = issuer.keys[0]!;
      const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
      expect(await statusOf(jwt.sign(claims, '', { algorithm: 'none', keyid: kid }))).toBe(401);
      for (const secret of [pem, pem.trim(), app.settings.JWT_SECRET])
        expect(await statusOf(jwt.sign(claims, secret, { keyid: kid }))).toBe(401);
    });
  });

  it('is not asked for where anybody may go', async () => {
    const { status } = await app.post(
      '/auth/login',
      { email: 'a@example.com', password: 'x' },
      { token: await tokenOf({ email: undefined }) },
    );
    expect(status).toBe(401);
    const health = { authorization: `Bearer ${await tokenOf({ email: undefined })}` };
    expect((await app.app.inject({ method: 'GET', url: '/health', headers: health })).statusCode).toBe(200);
  });
});

describe('U7 the keys of identity providers', () => {
  beforeAll(start);
  afterAll(stop);

  const claims = () => ({
    iss: issuer.url,
    aud: 'our-client',
    sub: randomUUID(),
    email: `${randomUUID()}@example.com`,
    email_verified: true,
  });

  it('that cannot be had are no proof that a token is bad', async () => {
    const tokens = [
      await issuer.sign(claims()),
      await issuer.sign({ ...claims(), iss: FIREBASE, aud: PROJECT }),
    ];
    issuer.isDown = true;
    for (const token of tokens) {
      const { status, body, headers } = await me(token);
      expect([status, body.error.code, headers['retry-after']]).toEqual([503, 'SERVICE_UNAVAILABLE', '5']);
    }
    issuer.isDown = false;
    for (const token of tokens) expect(await statusOf(token)).toBe(200);
  });

  it('are believed for several audiences only if the token was issued to ours', async () => {
    const aud = ['another', 'our-client'];
    expect(await statusOf(await issuer.sign({ ...claims(), aud }))).toBe(401);
    expect(await statusOf(await issuer.sign({ ...claims(), aud, azp: 'another' }))).toBe(401);
    expect(await statusOf(await issuer.sign({ ...claims(), aud, azp: 'our-client' }))).toBe(200);
  });

  it('are fetched again for a kid that is new, but not for each that somebody makes up', async () => {
    passTime(31 * SECOND);
    issuer.keys = [makeKey('second'), ...issuer.keys];
    expect(await statusOf(await issuer.sign(claims()))).toBe(200);
    const asked = issuer.asked.length;
    for (let count = 0; count < 5; count++)
      expect(await statusOf(await issuer.sign(claims(), { kid: `made up ${count}` }))).toBe(401);
    expect(issuer.asked.length).toBe(asked);
  });
});

describe('U7 without AUTH_PROVIDERS', () => {
  it('a token of nobody else is accepted', async () => {
    const stranger = await IdentityIssuer.start();
    const alone = await setup({ GOOGLE_CLOUD_PROJECT: PROJECT });
    const token = await stranger.sign({ iss: FIREBASE, aud: PROJECT, sub: 'x' });
    expect((await alone.get('/users/me', { token })).status).toBe(401);
    await alone.close();
    await stranger.close();
  });
});
