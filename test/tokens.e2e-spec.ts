import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign as signBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import type { SignedInResponse } from '../src/features/auth/auth.dto.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { type Body, createAdmin, createWithRole, PASSWORD, registerUser } from './support/users.js';

describe('tokens of a secret', () => {
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

  describe('U2 access tokens', () => {
    const me = (token: string) => app.get('/users/me', { token });
    const claims = () => ({ role: 'admin', sid: randomUUID() });
    const options = () => ({
      subject: randomUUID(),
      issuer: app.settings.JWT_ISSUER,
      audience: app.settings.JWT_AUDIENCE,
      expiresIn: 60,
    });
    /** Signed by a key that the token itself would like to be verified with. */
    const forgeHeader = (header: object, key = 'xxx') => {
      const payload = { ...claims(), ...jwtClaims() };
      const signed = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(payload)}`;
      return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
    };
    const jwtClaims = () => {
      const { JWT_ISSUER: iss, JWT_AUDIENCE: aud } = app.settings;
      const iat = Math.floor(Date.now() / 1000);
      return { sub: randomUUID(), iss, aud, iat, exp: iat + 60 };
    };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

    it('says who, as what, from which session, until when', async () => {
      const { user, tokens, token } = await registerUser(app);
      expect(jwt.verify(token, app.settings.JWT_SECRET, { complete: true })).toMatchObject({
        header: { alg: 'HS256' },
        payload: {
          sub: user.id,
          role: 'user',
          sid: tokens.refreshToken.split('.')[0],
          iss: app.settings.JWT_ISSUER,
          aud: app.settings.JWT_AUDIENCE,
        },
      });
      const { iat, exp } = jwt.decode(token) as { iat: number; exp: number };
      expect(exp - iat).toBe(tokens.expiresIn);
    });

    it('of a secret has no public keys', async () => {
      const { payload } = await app.app.inject({ method: 'GET', url: '/.well-known/jwks.json' });
      expect(JSON.parse(payload)).toEqual({ keys: [] });
    });

    it('is asked for', async () => {
      const { status, headers, body } = await app.get('/users/me');
      expect([status, body.error.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(headers['www-authenticate']).toBe('Bearer');
    });

    it('expires, though it was just used', async () => {
      passTime(0);
      const { token, tokens } = await registerUser(app);
      expect((await me(token)).status).toBe(200);
      passTime((tokens.expiresIn - 1) * SECOND);
      expect((await me(token)).status).toBe(200);
      jest.useRealTimers();
      passTime((tokens.expiresIn + 1) * SECOND);
      const { status, headers } = await me(token);
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
    });

    it.each<[string, (token: string) => string]>([
      ['no token at all', () => 'nonsense'],
      [
        'a changed payload',
        (token) => token.replace(/\.[^.]+\./, `.${encode({ ...claims(), sub: randomUUID() })}.`),
      ],
      ['a changed signature', (token) => `${token.slice(0, -10)}${'A'.repeat(10)}`],
      ['no signature', (token) => token.replace(/[^.]+$/, '')],
      ['alg: none', (token) => `${encode({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1]}.`],
      ['another secret', () => jwt.sign(claims(), 'x'.repeat(64), options())],
      [
        'another algorithm',
        () => jwt.sign(claims(), app.settings.JWT_SECRET, { ...options(), algorithm: 'HS512' }),
      ],
      [
        'another issuer',
        () => jwt.sign(claims(), app.settings.JWT_SECRET, { ...options(), issuer: 'other' }),
      ],
      [
        'another audience',
        () => jwt.sign(claims(), app.settings.JWT_SECRET, { ...options(), audience: 'other' }),
      ],
      [
        'a time that has not come',
        () => jwt.sign(claims(), app.settings.JWT_SECRET, { ...options(), notBefore: 60 }),
      ],
      ['a key in its header', () => forgeHeader({ jwk: { kty: 'oct', k: 'eHh4' } })],
      ['the address of a key in its header', () => forgeHeader({ jku: 'http://127.0.0.1:1/', kid: 'x' })],
      ['a kid that is a path', () => forgeHeader({ kid: '../../../dev/null' }, '')],
      ['more claims than any token has', () => jwt.sign({ ...claims(), x: 'x'.repeat(1e6) }, 'y'.repeat(64))],
      ['four parts', (token) => `${token}.x`],
      ['no payload', (token) => token.replace(/\.[^.]+\./, '..')],
      ['a payload that is no object', (token) => token.replace(/\.[^.]+\./, `.${encode([])}.`)],
      ['an unknown role', () => jwt.sign({ ...claims(), role: 'root' }, app.settings.JWT_SECRET, options())],
      [
        'no expiry',
        () =>
          jwt.sign({ ...claims(), sub: randomUUID() }, app.settings.JWT_SECRET, {
            issuer: app.settings.JWT_ISSUER,
            audience: app.settings.JWT_AUDIENCE,
          }),
      ],
      ['no session', () => jwt.sign({ role: 'admin' }, app.settings.JWT_SECRET, options())],
    ])('is refused with %s', async (_what, forge) => {
      const { token } = await registerUser(app);
      expect((await me(token)).status).toBe(200);
      const { status, body } = await me(forge(token));
      expect([status, body.error.code]).toEqual([401, 'UNAUTHORIZED']);
    });

    it('is not a refresh token, nor the other way round', async () => {
      const { token, tokens } = await registerUser(app);
      expect((await me(tokens.refreshToken)).status).toBe(401);
      expect((await refresh(token)).status).toBe(400); // longer than any refresh token
    });

    it.each(['user', 'moderator'] as const)('of a %s does not open what is for admins', async (role) => {
      const { token } = await createWithRole(app, role);
      const { status, body } = await app.get('/users', { token });
      expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
    });
  });

  describe('U3 refresh tokens', () => {
    it('are exchanged at each use', async () => {
      const { user, tokens } = await registerUser(app);
      const second = await refresh(tokens.refreshToken);
      expect(second.status).toBe(200);
      expect(second.body.data.user).toEqual(user);
      const third = await refresh(second.body.data.tokens.refreshToken);
      expect(third.status).toBe(200);
      const all = [tokens, second.body.data.tokens, third.body.data.tokens];
      expect(new Set(all.map(({ refreshToken }) => refreshToken)).size).toBe(3);
      expect((await app.get('/users/me', { token: third.body.data.tokens.accessToken })).status).toBe(200);
    });

    it('give the same successor to two tabs at once, and the user stays signed in', async () => {
      const { tokens } = await registerUser(app);
      const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(tokens.refreshToken)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      const successors = new Set(answers.map(({ body }) => body.data.tokens.refreshToken));
      expect(successors.size).toBe(1);
      expect((await refresh([...successors][0])).status).toBe(200);
    });

    it('give the same successor within ten seconds', async () => {
      const { tokens } = await registerUser(app);
      const first = await refresh(tokens.refreshToken);
      passTime(9 * SECOND);
      const second = await refresh(tokens.refreshToken);
      expect(second.body.data.tokens.refreshToken).toBe(first.body.data.tokens.refreshToken);
    });

    it('end the session when one is used again later', async () => {
      const { tokens } = await registerUser(app);
      const successor = (await refresh(tokens.refreshToken)).body.data.tokens.refreshToken;
      passTime(11 * SECOND);
      const reuse = await refresh(tokens.refreshToken);
      expect([reuse.status, reuse.body.error.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
      expect((await refresh(successor)).status).toBe(401);
    });

    it('end the session when one older than the last is used, even at once', async () => {
      const { user, tokens } = await registerUser(app);
      const second = (await refresh(tokens.refreshToken)).body.data.tokens.refreshToken;
      const third = (await refresh(second)).body.data.tokens.refreshToken;
      expect((await refresh(tokens.refreshToken)).status).toBe(401);
      expect((await refresh(third)).status).toBe(401);
      // It was one session that ended, not the account.
      expect((await app.post('/auth/login', { email: user.email, password: PASSWORD })).status).toBe(200);
    });

    it('expire when they are not used, and live on when they are', async () => {
      const { tokens } = await registerUser(app);
      passTime(20 * DAY);
      const successor = (await refresh(tokens.refreshToken)).body.data.tokens.refreshToken;
      passTime(20 * DAY);
      const last = await refresh(successor);
      expect(last.status).toBe(200);
      passTime(31 * DAY);
      const { status, body } = await refresh(last.body.data.tokens.refreshToken);
      expect([status, body.error.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    });

    it.each<[string, (token: string) => unknown]>([
      ['an empty one', () => ''],
      ['nonsense', () => 'nonsense'],
      ['a path', () => `../users/x.${'A'.repeat(43)}`],
      ['an unknown session', (token) => token.replace(/^[^.]+/, randomUUID())],
      ['an invented secret', (token) => token.replace(/[^.]+$/, 'A'.repeat(65))],
      ['a changed secret', (token) => token.replace(/\.(.)/, (_, first) => `.${first === 'A' ? 'B' : 'A'}`)],
      ['a changed end', (token) => token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))],
      ['more than a token', (token) => `${token}A`],
    ])('are refused, and end nothing: %s', async (_what, forge) => {
      const { tokens } = await registerUser(app);
      const { status, body } = await refresh(forge(tokens.refreshToken));
      expect([status, body.error.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
      expect((await refresh(tokens.refreshToken)).status).toBe(200);
    });

    it('cannot be foreseen by whoever knows the one before', async () => {
      const { tokens } = await registerUser(app);
      await refresh(tokens.refreshToken);
      const [sessionId] = tokens.refreshToken.split('.');
      for (const key of ['', app.settings.JWT_SECRET]) {
        const guess =
          createHmac('sha256', key).update(tokens.refreshToken).digest('base64url') + 'A'.repeat(22);
        expect((await refresh(`${sessionId}.${guess}`)).status).toBe(401);
      }
    });

    it('have to be strings', async () => {
      for (const token of [undefined, null, 7, ['x'], { a: 1 }]) {
        const { status, body } = await refresh(token);
        expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
      }
    });

    it('bring the role that the user has by now', async () => {
      const admin = await createAdmin(app);
      const { user, tokens } = await registerUser(app);
      await app.patch(`/users/${user.id}`, { role: 'moderator' }, { token: admin.token });
      const { body } = await refresh(tokens.refreshToken);
      expect(body.data.user.role).toBe('moderator');
      expect(jwt.decode(body.data.tokens.accessToken)).toMatchObject({ role: 'moderator' });
    });
  });
});

describe('U2 access tokens of public keys', () => {
  const ed25519 = generateKeyPairSync('ed25519');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const stranger = generateKeyPairSync('ed25519');

  const pemOf = ({ privateKey }: { privateKey: KeyObject }) =>
    privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

  const JWT_SECRET = 'Jg3v0cXhVq7Zt1bKfYwQ9mR2sLpD8eNu';

  const jwksOf = async ({ app }: Setup) => {
    const answer = await app.inject({ method: 'GET', url: '/.well-known/jwks.json' });
    return { answer, jwks: answer.json<JSONWebKeySet>() };
  };
  const me = ({ get }: Setup, token: string) => get('/users/me', { token });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  let app: Setup;
  let kids: Record<string, string>;

  beforeAll(async () => {
    app = await setup({ JWT_SECRET, JWT_KEYS: [ed25519, rsa, ec].map(pemOf).join('') });
    const { jwks } = await jwksOf(app);
    kids = Object.fromEntries(jwks.keys.map(({ alg, kid }) => [alg!, kid!]));
  });
  afterAll(() => app.close());

  const header = (fields: object = {}) => ({ alg: 'EdDSA', typ: 'at+jwt', kid: kids.EdDSA, ...fields });
  /** Of an admin: one that is believed opens everything. */
  const forge = async (key: KeyObject, fields: object = {}, claims: object = {}, id = randomUUID()) => {
    const now = Math.floor(Date.now() / 1000);
    const { JWT_ISSUER: iss, JWT_AUDIENCE: aud } = app.settings;
    const payload = {
      sub: id,
      role: 'admin',
      sid: randomUUID(),
      iss,
      aud,
      iat: now,
      exp: now + 60,
      ...claims,
    };
    return new SignJWT(payload).setProtectedHeader(header(fields)).sign(key);
  };
  const listUsers = async (token: string) => (await app.get('/users', { token })).status;

  it('show their public parts, and nothing else, where others look for them', async () => {
    const { answer, jwks } = await jwksOf(app);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=300');
    expect(jwks.keys.map(({ alg, kty, use }) => [alg, kty, use])).toEqual([
      ['EdDSA', 'OKP', 'sig'],
      ['RS256', 'RSA', 'sig'],
      ['ES256', 'EC', 'sig'],
    ]);
    for (const key of jwks.keys)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret);
  });

  it('are signed by the first, and any other service can verify them', async () => {
    const { token, user } = await registerUser(app);
    const { jwks } = await jwksOf(app);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: kids.EdDSA });
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: app.settings.JWT_ISSUER,
      audience: app.settings.JWT_AUDIENCE,
    });
    expect(payload.sub).toBe(user.id);
    expect((await me(app, token)).status).toBe(200);
  });

  it.each(['EdDSA', 'RS256', 'ES256'])('hold when signed by any of them: %s', async (alg) => {
    const { privateKey } = { EdDSA: ed25519, RS256: rsa, ES256: ec }[alg]!;
    expect(await listUsers(await forge(privateKey, { alg, kid: kids[alg] }))).toBe(200);
  });

  describe('are refused', () => {
    it.each<[string, () => Promise<string>]>([
      ['of a key that is not ours, under a kid of ours', () => forge(stranger.privateKey)],
      ['of another kid', () => forge(ed25519.privateKey, { kid: kids.RS256 })],
      ['of no kid', () => forge(ed25519.privateKey, { kid: undefined })],
      ['of an unknown kid', () => forge(ed25519.privateKey, { kid: 'unknown' })],
      ['of a kid that is a path', () => forge(ed25519.privateKey, { kid: '../../../../dev/null' })],
      ['of a kid that is code', () => forge(ed25519.privateKey, { kid: "' OR 1=1; --" })],
      ['of a kid that is a property of every object', () => forge(ed25519.privateKey, { kid: '__proto__' })],
      [
        'with another algorithm of the same key',
        () => forge(rsa.privateKey, { alg: 'PS256', kid: kids.RS256 }),
      ],
      ['with a longer hash', () => forge(rsa.privateKey, { alg: 'RS512', kid: kids.RS256 })],
      ['of another type', () => forge(ed25519.privateKey, { typ: 'JWT' })],
      ['of no type', () => forge(ed25519.privateKey, { typ: undefined })],
      ['of another issuer', () => forge(ed25519.privateKey, {}, { iss: 'other' })],
      ['of another audience', () => forge(ed25519.privateKey, {}, { aud: ['other'] })],
      ['that have expired', () => forge(ed25519.privateKey, {}, { exp: 1 })],
      ['that never expire', () => forge(ed25519.privateKey, {}, { exp: undefined })],
      [
        'that do not hold yet',
        () => forge(ed25519.privateKey, {}, { nbf: Math.floor(Date.now() / 1000) + 60 }),
      ],
      ['that expire in words', () => forge(ed25519.privateKey, {}, { exp: 'never' })],
      [
        'of no session, as a token for something else is',
        () => forge(ed25519.privateKey, {}, { sid: undefined }),
      ],
    ])('%s', async (_what, token) => {
      expect(await listUsers(await token())).toBe(401);
    });

    it('with a key of their own, in whichever header', async () => {
      const { x, crv, kty } = stranger.publicKey.export({ format: 'jwk' });
      const jwk = { x, crv, kty, kid: kids.EdDSA, alg: 'EdDSA' };
      for (const fields of [
        { jwk },
        { jwk, kid: undefined },
        { jku: 'http://127.0.0.1:1/jwks.json' },
        { x5u: 'http://127.0.0.1:1/key.pem' },
        { x5c: [stranger.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')] },
      ])
        expect(await listUsers(await forge(stranger.privateKey, fields))).toBe(401);
    });

    it('signed by a public key as if it were a secret', async () => {
      const token = await forge(ed25519.privateKey);
      const payload = token.split('.')[1]!;
      const { jwks } = await jwksOf(app);
      const texts = [rsa, ec, ed25519].flatMap(({ publicKey }) => [
        publicKey.export({ type: 'spki', format: 'pem' }) as string,
        (publicKey.export({ type: 'spki', format: 'pem' }) as string).trim(),
        publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      ]);
      const secrets = [...texts, ...jwks.keys.map((key) => JSON.stringify(key)), JWT_SECRET];
      for (const kid of [...Object.values(kids), undefined])
        for (const secret of secrets) {
          const forged = jwt.sign(Buffer.from(payload, 'base64url').toString(), secret, {
            header: { alg: 'HS256', typ: 'at+jwt', kid },
          });
          expect(await listUsers(forged)).toBe(401);
        }
    });

    it('of the secret that signed before there were keys', async () => {
      const { token } = await registerUser(app);
      expect((await me(app, jwt.sign(jwt.decode(token) as object, JWT_SECRET))).status).toBe(401);
    });

    it('without a signature, or with one of nothing', async () => {
      const payload = (await forge(ed25519.privateKey)).split('.')[1]!;
      for (const alg of ['none', 'None', 'NONE', '', 'EdDSA'])
        expect(await listUsers(`${encode(header({ alg }))}.${payload}.`)).toBe(401);
      const empty = signBytes(null, Buffer.alloc(0), ed25519.privateKey).toString('base64url');
      expect(await listUsers(`${encode(header())}.${payload}.${empty}`)).toBe(401);
    });
  });
});
