import { type Setup, setup } from './support/setup.js';
import { PASSWORD, registerUser } from './support/users.js';

describe('rate limits (O1)', () => {
  let app: Setup;
  let addresses = 0;

  beforeAll(async () => {
    app = await setup({ RATE_LIMIT: '5', RATE_LIMIT_SIGN_IN: '5', TRUSTED_PROXIES: '1' });
  });
  afterAll(() => app.close());

  /** A client of an address of its own. */
  const fromNewAddress = () => ({ 'x-forwarded-for': `203.0.113.${++addresses}` });

  it('refuses attempts to sign in from one address, failed ones too, and says when to come back', async () => {
    const headers = fromNewAddress();
    const attempt = () =>
      app.post('/auth/login', { email: 'nobody@example.com', password: PASSWORD }, { headers });
    for (const left of [4, 3, 2, 1, 0]) {
      const { status, headers: answered } = await attempt();
      expect([status, answered['ratelimit-policy']]).toEqual([401, '"signIn";q=5;w=60']);
      expect(answered.ratelimit).toMatch(new RegExp(`^"signIn";r=${left};t=\\d+$`));
    }
    const refused = await attempt();
    expect([refused.status, refused.body.error.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const elsewhere = await app.post(
      '/auth/login',
      { email: 'a@example.com', password: PASSWORD },
      { headers: fromNewAddress() },
    );
    expect(elsewhere.status).toBe(401);
  });

  it('counts by user, wherever he calls from', async () => {
    const [ada, grace] = [await registerUser(app), await registerUser(app)];
    const statuses: number[] = [];
    for (let request = 0; request < 6; request++) {
      statuses.push((await app.get('/users/me', { token: ada.token, headers: fromNewAddress() })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await app.get('/users/me', { token: grace.token })).status).toBe(200);
  });

  it('counts by address when nobody is signed in, guessed tokens included', async () => {
    const headers = fromNewAddress();
    const statuses: number[] = [];
    for (let guess = 0; guess < 6; guess++) {
      statuses.push((await app.get('/users/me', { token: `guess-${guess}`, headers })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('slows down before it refuses', async () => {
    const headers = fromNewAddress();
    const started = performance.now();
    for (let request = 0; request < 5; request++) await app.get('/users/me', { headers });
    expect(performance.now() - started).toBeGreaterThan(400);
  });

  it('leaves the probes alone', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 10 }, async () => (await app.app.inject('/health')).statusCode),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
