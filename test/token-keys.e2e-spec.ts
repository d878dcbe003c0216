import { generateKeyPairSync, type KeyObject, randomUUID, sign as signBytes } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import { type Setup, setup } from './support/setup.js';
import { registerUser } from './support/users.js';

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

describe('U2 access tokens of public keys', () => {
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
