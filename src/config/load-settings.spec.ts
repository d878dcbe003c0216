import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidSettings, loadSettings } from './load-settings.js';

type Environment = Record<string, string | undefined>;

const SECRET = 'Jg3v0cXhVq7Zt1bKfYwQ9mR2sLpD8eNu';
const PRODUCTION = { NODE_ENV: 'production', FIRESTORE_MODE: 'cloud', JWT_SECRET: SECRET };

async function mistakesOf(environment: Environment): Promise<string[]> {
  const error = await loadSettings(environment).then(
    () => new InvalidSettings([]),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidSettings);
  return (error as InvalidSettings).mistakes;
}

describe('O2: the environment', () => {
  it('needs nothing in tests, and then keeps nothing on disk', async () => {
    const settings = await loadSettings({ NODE_ENV: 'test' });
    expect(settings).toMatchObject({ HOST: '127.0.0.1', PORT: 3000, FIRESTORE_MODE: 'embedded' });
    expect(settings.isInMemory).toBe(true);
  });

  it('is read by the declared types', async () => {
    const settings = await loadSettings({
      NODE_ENV: 'test',
      PORT: '8080',
      ALLOWED_ORIGINS: 'https://a.example.com, http://localhost:5173',
    });
    expect(settings.PORT).toBe(8080);
    expect(settings.allowedOrigins).toEqual(['https://a.example.com', 'http://localhost:5173']);
  });

  it('counts an empty variable as absent', async () => {
    const settings = await loadSettings({
      NODE_ENV: 'test',
      PORT: '',
      API_PREFIX: '',
      GOOGLE_CLOUD_PROJECT: '',
    });
    expect(settings).toMatchObject({ PORT: 3000, API_PREFIX: 'api' });
    expect(settings.GOOGLE_CLOUD_PROJECT).toBeUndefined();
    expect(await mistakesOf({ ...PRODUCTION, JWT_SECRET: '', FIRESTORE_MODE: '' })).toHaveLength(2);
  });

  it('may hold what is none of our business', async () => {
    await expect(loadSettings({ NODE_ENV: 'test', PATH: '/bin', TERM: 'xterm' })).resolves.not.toHaveProperty(
      'PATH',
    );
  });

  it('is refused with every mistake, each by its name', async () => {
    const mistakes = await mistakesOf({
      NODE_ENV: 'test',
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      API_PREFIX: '/api',
      ALLOWED_ORIGINS: '*',
      ACCESS_TOKEN_TTL: '1',
      FIRESTORE_MODE: 'emulator',
    });
    const named = mistakes.map((mistake) => mistake.split(' ')[0]);
    expect(named.sort()).toEqual([
      'ACCESS_TOKEN_TTL',
      'ALLOWED_ORIGINS',
      'API_PREFIX',
      'FIRESTORE_EMULATOR_HOST',
      'LOG_LEVEL',
      'PORT',
    ]);
    expect(new InvalidSettings(mistakes).message.split('\n')).toHaveLength(1 + mistakes.length);
  });

  it.each(['-1', '65536', '80.5', '0x50', ' 80', 'NaN', '1e9'])('has no port %s', async (PORT) => {
    expect(await mistakesOf({ NODE_ENV: 'test', PORT })).toEqual([expect.stringMatching(/^PORT must/)]);
  });

  it.each(['http://127.0.0.1:8080', '127.0.0.1', ':8080'])('has no emulator at %s', async (address) => {
    const environment = { NODE_ENV: 'test', FIRESTORE_MODE: 'emulator', FIRESTORE_EMULATOR_HOST: address };
    expect(await mistakesOf(environment)).toEqual([
      expect.stringMatching(/^FIRESTORE_EMULATOR_HOST must be host:port/),
    ]);
  });

  it('means the emulator where only its address is given, and contradicts itself with another mode', async () => {
    const environment = { NODE_ENV: 'test', FIRESTORE_EMULATOR_HOST: '127.0.0.1:8080' };
    await expect(loadSettings(environment)).resolves.toMatchObject({ FIRESTORE_MODE: 'emulator' });
    expect(await mistakesOf({ ...environment, FIRESTORE_MODE: 'cloud' })).toHaveLength(1);
  });
});

describe('U7: the identity providers', () => {
  const environment = { NODE_ENV: 'test', AUTH_PROVIDERS: 'firebase,oidc' };
  const complete = {
    ...environment,
    GOOGLE_CLOUD_PROJECT: 'project',
    OIDC_ISSUER: 'https://login.example.com/',
    OIDC_AUDIENCE: 'client',
  };

  it('are none, until they are named with what they need', async () => {
    expect((await loadSettings({ NODE_ENV: 'test' })).authProviders).toEqual([]);
    expect((await loadSettings(complete)).authProviders).toEqual(['firebase', 'oidc']);
    expect(await mistakesOf(environment)).toEqual([
      expect.stringMatching(/^GOOGLE_CLOUD_PROJECT must be set when AUTH_PROVIDERS=firebase,oidc$/),
      expect.stringMatching(/^OIDC_ISSUER /),
      expect.stringMatching(/^OIDC_AUDIENCE /),
    ]);
  });

  it.each(['google', 'firebase;oidc', 'firebase,', 'FIREBASE'])('are not %s', async (AUTH_PROVIDERS) => {
    expect(await mistakesOf({ ...complete, AUTH_PROVIDERS })).toEqual([
      expect.stringMatching(/^AUTH_PROVIDERS must/),
    ]);
  });

  it.each(['login.example.com', 'http://login.example.com', 'http://localhost.example.com', 'https://a/?b'])(
    'are not reached at %s',
    async (OIDC_ISSUER) => {
      expect(await mistakesOf({ ...complete, OIDC_ISSUER })).toEqual([
        expect.stringMatching(/^OIDC_ISSUER must be the address/),
      ]);
    },
  );

  it('sign their tokens in production', async () => {
    const FIREBASE_AUTH_EMULATOR_HOST = '127.0.0.1:9099';
    await expect(loadSettings({ ...complete, FIREBASE_AUTH_EMULATOR_HOST })).resolves.toBeDefined();
    expect(await mistakesOf({ ...complete, ...PRODUCTION, FIREBASE_AUTH_EMULATOR_HOST })).toEqual([
      expect.stringMatching(/^FIREBASE_AUTH_EMULATOR_HOST must not be set in production/),
    ]);
  });
});

describe('O2: in production the environment', () => {
  it('hashes passwords with as much memory as OWASP says, or more', async () => {
    expect((await loadSettings(PRODUCTION)).PASSWORD_MEMORY).toBe(19_456);
    expect((await loadSettings({ ...PRODUCTION, PASSWORD_MEMORY: '65536' })).PASSWORD_MEMORY).toBe(65_536);
    expect(await mistakesOf({ ...PRODUCTION, PASSWORD_MEMORY: '19455' })).toEqual([
      'PASSWORD_MEMORY must be at least 19456 in production',
    ]);
  });

  it('is complete with a mode and a secret', async () => {
    await expect(loadSettings(PRODUCTION)).resolves.toMatchObject({
      HOST: '0.0.0.0',
      DATA_DIRECTORY: '.data',
    });
  });

  it('must name the mode and the secret', async () => {
    expect(await mistakesOf({ NODE_ENV: 'production' })).toEqual([
      expect.stringMatching(/^FIRESTORE_MODE must be named in production: embedded, emulator or cloud/),
      expect.stringMatching(/^JWT_SECRET must be set in production.*openssl/),
    ]);
  });

  it.each([
    ['short', SECRET.slice(0, 31), /at least 32 characters/],
    ['regular', 'a'.repeat(64), /too regular/],
    ['regular', 'changeme'.repeat(8), /too regular/],
  ])('refuses a %s secret', async (_what, JWT_SECRET, reason) => {
    expect(await mistakesOf({ ...PRODUCTION, JWT_SECRET })).toEqual([expect.stringMatching(reason)]);
  });
});

describe('O2: the secret of a development machine', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'settings-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is made at the first start, and kept for its owner only', async () => {
    const DATA_DIRECTORY = join(directory, 'data');
    const first = await loadSettings({ DATA_DIRECTORY });
    const second = await loadSettings({ DATA_DIRECTORY });
    const file = join(DATA_DIRECTORY, 'jwt-secret');
    expect(second.JWT_SECRET).toBe(first.JWT_SECRET);
    expect(readFileSync(file, 'utf8')).toBe(first.JWT_SECRET);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is not made by a start that is refused', async () => {
    const DATA_DIRECTORY = join(directory, 'data');
    await expect(loadSettings({ DATA_DIRECTORY, PORT: 'eighty' })).rejects.toThrow(InvalidSettings);
    expect(existsSync(DATA_DIRECTORY)).toBe(false);
  });

  it('is another on each machine, and one that is given counts more', async () => {
    const elsewhere = await loadSettings({ DATA_DIRECTORY: join(directory, 'a') });
    const here = await loadSettings({ DATA_DIRECTORY: join(directory, 'b') });
    expect(here.JWT_SECRET).not.toBe(elsewhere.JWT_SECRET);
    const given = await loadSettings({ DATA_DIRECTORY: join(directory, 'a'), JWT_SECRET: SECRET });
    expect(given.JWT_SECRET).toBe(SECRET);
  });
});
