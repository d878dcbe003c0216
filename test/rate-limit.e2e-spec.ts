import { jest } from '@jest/globals';
import { startEmbeddedFirestore } from 'embedded-firestore';
import type { AuditEntryResponse } from '../src/features/audit/audit.dto.js';
import { SignInDelays } from '../src/features/auth/sign-in-delays.js';
import { type Setup, setup } from './support/setup.js';
import { type Body, createAdmin, PASSWORD, person, registerUser } from './support/users.js';
import { passTime } from './support/time.js';

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

describe('U6 failed sign-ins', () => {
  const SECOND = 1000;
  const MINUTE = 60 * SECOND;
  const DAY = 24 * 60 * MINUTE;
  /** Of all applications: passport knows one strategy of each name in a process. */
  const JWT_SECRET = 'abcdefghijklmnopqrstuvwxyz0123456789';

  let app: Setup;
  beforeAll(async () => {
    app = await setup({ TRUSTED_PROXIES: '1', JWT_SECRET });
  });
  afterAll(() => app.close());
  afterEach(() => void jest.useRealTimers());

  let addresses = 0;
  const newAddress = () => `2001:db8:${(++addresses).toString(16)}::1`;
  const attempt = (email: string, password: string, address: string, to = app) =>
    to.post('/auth/login', { email, password }, { headers: { 'x-forwarded-for': address } });
  const guess = (email: string, address: string, to = app) => attempt(email, 'wrong password', address, to);

  /** Somebody who has registered from an address of his own. */
  async function userAt(address: string) {
    const body = person();
    const headers = { 'x-forwarded-for': address };
    expect((await app.post('/auth/register', body, { headers })).status).toBe(201);
    return body.email;
  }

  /** Counted failures, without the hashing. */
  async function fail(email: string, address: string, times: number) {
    for (let each = 0; each < times; each++) await app.app.get(SignInDelays).begin(email, address);
  }

  it.each([
    ['an account', async () => userAt(newAddress())],
    ['no account', async () => person().email],
  ])('are delayed, twice as long after each, up to 15 minutes: %s', async (_what, emailOf) => {
    const [email, address] = [await emailOf(), newAddress()];
    passTime(0); // it stands still
    for (let each = 0; each < 5; each++) expect((await guess(email, address)).status).toBe(401);
    const waits: number[] = [];
    for (let each = 0; each < 12; each++) {
      const { status, headers, body } = await guess(email, address);
      expect([status, body.error.code]).toEqual([429, 'TOO_MANY_FAILURES']);
      const wait = Number(headers['retry-after']);
      waits.push(wait);
      passTime(wait * SECOND - 1);
      expect((await guess(email, address)).status).toBe(429); // does not count
      passTime(1);
      expect((await guess(email, address)).status).toBe(401);
    }
    expect(waits.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32]);
    expect(waits.at(-1)).toBe(15 * 60);
  });

  it('delay the right password, too, and are forgotten after it, or after a day', async () => {
    const [own, address] = [newAddress(), newAddress()];
    const email = await userAt(own);
    await fail(email, address, 5);
    expect((await attempt(email, PASSWORD, address)).status).toBe(429);
    passTime(SECOND);
    expect((await attempt(email, PASSWORD, address)).status).toBe(200);
    await fail(email, address, 5); // all five again
    expect((await attempt(email, PASSWORD, address)).status).toBe(429);
    passTime(DAY);
    await fail(email, address, 5);
  });

  it('let no more than five of a hundred guesses at once through', async () => {
    const [email, address] = [await userAt(newAddress()), newAddress()];
    passTime(0); // it stands still: on a busy machine a hundred take longer than the first delays
    const guesses = Array.from({ length: 100 }, (_, each) =>
      each === 99 ? attempt(email, PASSWORD, address) : guess(email, address),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    const verified = statuses.filter((status) => status === 401 || status === 200);
    expect(verified.length).toBeLessThanOrEqual(5);
    expect(verified.length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([...verified, 429]));
  });

  it('of strangers do not lock an owner out where he signed in before, and elsewhere for a minute at most', async () => {
    const own = newAddress();
    const email = await userAt(own);
    passTime(0);
    for (let stranger = 0; stranger < 40; stranger++) {
      await fail(email, newAddress(), 1).catch(() => passTime(MINUTE));
    }
    const elsewhere = await attempt(email, PASSWORD, newAddress());
    expect(elsewhere.status).toBe(429);
    expect(Number(elsewhere.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await attempt(email, PASSWORD, own)).status).toBe(200);
    passTime(MINUTE);
    expect((await attempt(email, PASSWORD, newAddress())).status).toBe(200);
  });

  it('count by address over all accounts, but not for those who have signed in from there', async () => {
    const office = newAddress();
    const email = await userAt(office);
    for (let each = 0; each < 50; each++) await fail(person().email, office, 1);
    expect((await guess(person().email, office)).status).toBe(429);
    expect((await attempt(email, PASSWORD, office)).status).toBe(200);
    expect((await guess(person().email, newAddress())).status).toBe(401);
  });

  it("of an address are not forgiven for a sign-in to an account of the guesser's own", async () => {
    const [address, own] = [newAddress(), await userAt(newAddress())];
    for (let each = 0; each < 50; each++) {
      await fail(person().email, address, 1);
      if (each % 10 === 0) expect((await attempt(own, PASSWORD, address)).status).toBe(200);
    }
    expect((await guess(person().email, address)).status).toBe(429);
  });

  it('count an IPv6 network as one address, and each spelling of an e-mail as one account', async () => {
    const email = await userAt(newAddress());
    const [local] = email.split('@');
    const spellings = [
      email,
      email.toUpperCase(),
      ` ${email}`,
      `${local}@EXAMPLE.com`,
      `ｕ${email.slice(1)}`,
    ];
    for (const [index, each] of spellings.entries())
      expect((await guess(each, `2001:db8:ffff:1::${index + 1}`)).status).toBe(401);
    expect((await guess(email, '2001:db8:ffff:1::99')).status).toBe(429);
  });

  it('are the same for all instances, and after a restart', async () => {
    const engine = await startEmbeddedFirestore();
    const shared = {
      FIRESTORE_MODE: 'emulator',
      FIRESTORE_EMULATOR_HOST: engine.address,
      TRUSTED_PROXIES: '1',
      JWT_SECRET,
    };
    const [email, address] = [person().email, newAddress()];
    let instances: Setup[] = await Promise.all([setup(shared), setup(shared)]);
    passTime(0);
    const all = Array.from({ length: 10 }, (_, each) => guess(email, address, instances[each % 2]));
    const through = (await Promise.all(all)).filter(({ status }) => status === 401);
    expect(through.length).toBeLessThanOrEqual(5);
    await Promise.all(instances.map((each) => each.close()));
    instances = await Promise.all([setup(shared)]);
    for (let each = through.length; each < 5; each++) await guess(email, address, instances[0]);
    expect((await guess(email, address, instances[0])).status).toBe(429);
    await instances[0]!.close();
    await engine.close();
  });

  it('are in the audit trail, a flood of them in few entries', async () => {
    const admin = await createAdmin(app);
    const { user } = await registerUser(app);
    passTime(0);
    const address = newAddress();
    for (let each = 0; each < 9; each++) {
      passTime(20 * MINUTE);
      expect((await guess(user.email, address)).status).toBe(401);
    }
    const query = { userId: user.id, action: 'sign_in.failed', order: 'asc' };
    const headers = { 'x-forwarded-for': newAddress() };
    jest.useRealTimers();
    const { body } = await app.get<Body<AuditEntryResponse[]>>('/audit', {
      token: admin.token,
      query,
      headers,
    });
    expect(body.data.map(({ details }) => details.failures)).toEqual(['1', '2', '4', '8']);
    expect(body.data[0]).toMatchObject({ address, userId: user.id });
    expect(body.data[0]).not.toHaveProperty('actorId');
  });
});
