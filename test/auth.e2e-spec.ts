import { randomUUID } from 'node:crypto';
import { Firestore } from 'firebase-admin/firestore';
import { type Setup, setup } from './support/setup.js';
import { PASSWORD, person, registerUser } from './support/users.js';

const UUID = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
const ISO_DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let app: Setup;
beforeAll(async () => {
  app = await setup({ PASSWORD_MEMORY: '' }); // the default
});
afterAll(() => app.close());

describe('U1 registration', () => {
  it('answers with the user and tokens', async () => {
    const { email, ...rest } = person();
    const { status, body } = await app.post('/auth/register', { email: ` ${email.toUpperCase()} `, ...rest });
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      data: {
        user: {
          id: UUID,
          email: email.toUpperCase(),
          firstName: 'Ada',
          lastName: 'Lovelace',
          role: 'user',
          emailVerified: false,
          createdAt: ISO_DATE,
          updatedAt: ISO_DATE,
        },
        tokens: {
          accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
          refreshToken: expect.stringMatching(/^[\da-f-]{36}\.[\w-]{65}$/),
          tokenType: 'Bearer',
          expiresIn: 900,
        },
      },
      meta: { requestId: expect.any(String), timestamp: ISO_DATE },
    });
    const me = await app.get('/users/me', { token: body.data.tokens.accessToken });
    expect(me.body.data).toEqual(body.data.user);
  });

  it('lets one of 20 at once have an e-mail, however it is written', async () => {
    const { email } = person();
    const spellings = [email, email.toUpperCase(), ` ${email}`, email.replace('user', 'User')];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => app.post('/auth/register', person({ email: spellings[i % 4] }))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(19);
    for (const { body } of refused) expect(body.error.code).toBe('EMAIL_TAKEN');
  });

  it('keeps e-mails apart that differ only in what an id has to encode', async () => {
    const name = randomUUID();
    for (const email of [`${name}/a@example.com`, `${name}%2fa@example.com`]) {
      expect((await app.post('/auth/register', person({ email }))).status).toBe(201);
      expect((await app.post('/auth/register', person({ email }))).status).toBe(409);
    }
  });

  it.each(['role', 'passwordHash', 'isAdmin', '__proto__'])('refuses %s in the body', async (property) => {
    const payload = JSON.stringify(person()).replace('{', `{"${property}":"admin",`);
    const response = await app.app.inject({
      method: 'POST',
      url: '/api/v1/auth/register',
      headers: { 'content-type': 'application/json' },
      payload,
    });
    expect(response.statusCode).toBe(400);
    if (property === '__proto__') return; // Fastify's JSON parser refuses it before the validation
    expect(response.json().error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { errors: [{ field: property, constraint: 'whitelistValidation' }] },
    });
  });

  it('names each broken rule', async () => {
    const { status, body } = await app.post('/auth/register', {
      email: 'ada@',
      password: 'short',
      firstName: ' ',
      lastName: 7,
    });
    expect(status).toBe(400);
    expect(body.error.code).toBe('VALIDATION_ERROR');
    const broken = (field: string, constraint: string) =>
      expect.objectContaining({ field, constraint }) as object;
    expect(body.error.details.errors).toEqual(
      expect.arrayContaining([
        broken('email', 'isEmail'),
        broken('password', 'isLength'),
        broken('firstName', 'isLength'),
        broken('lastName', 'isString'),
      ]),
    );
  });

  it.each([
    ['a line break in a name', { firstName: 'Ada\r\nBcc: all@example.com' }],
    ['half a surrogate pair in a name', { lastName: 'x\ud800' }],
    ['a password that takes long to hash', { password: 'x'.repeat(129) }],
    ['an e-mail of 300 characters', { email: `${'a'.repeat(60)}@${'b.'.repeat(120)}com` }],
  ])('refuses %s', async (_what, fields) => {
    const { status, body } = await app.post('/auth/register', person(fields));
    expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  });
});

describe('U1, U6 login', () => {
  it('takes the e-mail in any case', async () => {
    const { user } = await registerUser(app);
    const { status, body } = await app.post('/auth/login', {
      email: ` ${user.email.toUpperCase()}`,
      password: PASSWORD,
    });
    expect(status).toBe(200);
    expect(body.data.user).toEqual(user);
    expect(Object.keys(body.data.tokens)).toEqual(['accessToken', 'refreshToken', 'tokenType', 'expiresIn']);
  });

  it('takes a password however its characters are composed', async () => {
    const { user } = await registerUser(app, { password: 'cr\u00e8me br\u00fbl\u00e9e' });
    const { status } = await app.post('/auth/login', {
      email: user.email,
      password: 'cre\u0300me bru\u0302le\u0301e',
    });
    expect(status).toBe(200);
  });

  it('answers a wrong password and an unknown e-mail alike', async () => {
    const { user } = await registerUser(app);
    const wrong = await app.post('/auth/login', { email: user.email, password: 'wrong password' });
    const unknown = await app.post('/auth/login', { email: person().email, password: 'wrong password' });
    expect(wrong.status).toBe(401);
    expect(wrong.body.error.code).toBe('INVALID_CREDENTIALS');
    expect(unknown.status).toBe(wrong.status);
    expect(unknown.body.error).toEqual(wrong.body.error);
    expect(Object.keys(unknown.headers)).toEqual(Object.keys(wrong.headers));
  });

  it('takes as long for an unknown e-mail as for a wrong password', async () => {
    const timesOf: Record<string, number[]> = { known: [], unknown: [] };
    for (let round = 0; round < 8; round++) {
      const emails = { known: (await registerUser(app)).user.email, unknown: person().email };
      for (const [which, email] of Object.entries(emails)) {
        const start = performance.now();
        const { status } = await app.post('/auth/login', { email, password: 'wrong password' });
        timesOf[which]!.push(performance.now() - start);
        expect(status).toBe(401);
      }
    }
    // The fastest of each: a busy machine only adds. Hashing is nearly all of it: without it, a tenth would do.
    const [known, unknown] = Object.values(timesOf).map((times) => Math.min(...times));
    expect(unknown! / known!).toBeGreaterThan(0.5);
    expect(unknown! / known!).toBeLessThan(2);
  });

  it('stores argon2id with the parameters of OWASP, and no token in clear', async () => {
    const { user, tokens } = await registerUser(app);
    const firestore = app.app.get(Firestore);
    const stored = (await firestore.doc(`users/${user.id}`).get()).data()!;
    expect(stored.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const session = (await firestore.doc(`sessions/${tokens.refreshToken.split('.')[0]}`).get()).data();
    expect(session).toMatchObject({ userId: user.id, tokenHash: expect.stringMatching(/^[\w-]{43}$/) });
    expect(JSON.stringify(session)).not.toContain(tokens.refreshToken.split('.')[1]);
  });

  it('hashes off the event loop', async () => {
    let longest = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const attempts = Array.from({ length: 8 }, () =>
      app.post('/auth/login', { email: person().email, password: 'wrong password' }),
    );
    const start = performance.now();
    await Promise.all(attempts);
    clearInterval(watch);
    expect(longest).toBeLessThan((performance.now() - start) / 2);
  });
});

describe('O1 sign-in attempts', () => {
  it('are limited by address: registration and login together, refresh apart', async () => {
    const limited = await setup({ RATE_LIMIT_SIGN_IN: '5' });
    try {
      const { tokens } = await registerUser(limited);
      const attempt = () => limited.post('/auth/login', { email: 'a@b.example', password: 'wrong password' });
      for (let i = 0; i < 4; i++) expect((await attempt()).status).toBe(401);
      const { status, headers, body } = await attempt();
      expect([status, body.error.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect((await limited.post('/auth/register', person())).status).toBe(429);
      const { refreshToken } = tokens;
      expect((await limited.post('/auth/refresh', { refreshToken })).status).toBe(200);
    } finally {
      await limited.close();
    }
  });
});
