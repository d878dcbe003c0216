import { InvalidInput } from '../core/errors/errors.js';
import { parseDto, pickDeclared } from '../core/validation/dto.js';
import { developmentSecret, randomSecret } from './development-secret.js';
import { OWASP_PASSWORD_MEMORY, Settings } from './settings.js';
import { readSigningKeys } from './signing-keys.js';

/** The environment does not describe a service that can run. The message lists every mistake. */
export class InvalidSettings extends Error {
  constructor(readonly mistakes: string[]) {
    super(
      ['The configuration has mistakes (see .env.example):', ...mistakes.map((each) => `  - ${each}`)].join(
        '\n',
      ),
    );
    this.name = 'InvalidSettings';
  }
}

const MAKE_ONE = 'make one with: openssl rand -base64 48';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment into {@link Settings}. An empty variable counts as absent.
 * @throws {InvalidSettings} naming every variable that is wrong or missing
 */
export async function loadSettings(environment: Environment): Promise<Settings> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const mistakes = mistakesBetween(given);
  try {
    const defined = { ...defaultsFor(given), ...given };
    const settings = await parseDto(Settings, pickDeclared(Settings, defined), 'text');
    if (mistakes.length === 0) return withSecret(settings, given);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    mistakes.push(...onePerVariable(error, new Set(mistakes.map(variableOf))));
  }
  throw new InvalidSettings(mistakes);
}

/** Only now: a start that is refused leaves nothing on the disk. */
function withSecret(settings: Settings, given: Environment): Settings {
  if (given.JWT_SECRET) return settings;
  try {
    settings.JWT_SECRET = developmentSecret(settings.DATA_DIRECTORY);
  } catch (error) {
    const reason = `cannot be written to (${(error as Error).message}); name a directory of yours`;
    throw new InvalidSettings([`DATA_DIRECTORY ${reason}`]);
  }
  return settings;
}

/** `PORT must be an integer number, must not be less than 0`, for each variable that has no mistake named yet. */
function onePerVariable({ details }: InvalidInput, named: Set<string>): string[] {
  const byVariable = Map.groupBy(details!.errors, ({ field }) => field);
  const wrong = [...byVariable].filter(([variable]) => !named.has(variable));
  return wrong.map(([variable, errors]) => {
    const rules = errors.map(({ message }) => message.replace(`${variable} `, ''));
    return `${variable} ${rules.join(', ')}`;
  });
}

/** Defaults that depend on where the service runs. Production gets none for what must be decided. */
function defaultsFor(given: Environment): Record<string, string> {
  const { NODE_ENV = 'development' } = given;
  if (NODE_ENV === 'production')
    return { HOST: '0.0.0.0', DATA_DIRECTORY: '.data', RESPONSE_VALIDATION: 'strip' };
  const mode = given.FIRESTORE_EMULATOR_HOST ? 'emulator' : 'embedded';
  return {
    HOST: '127.0.0.1',
    DATA_DIRECTORY: NODE_ENV === 'test' ? ':memory:' : '.data',
    FIRESTORE_MODE: mode,
    JWT_SECRET: randomSecret(), // until the one that is kept takes its place
    RESPONSE_VALIDATION: 'strict',
  };
}

/** Rules that no single variable can state. */
function mistakesBetween(given: Environment): string[] {
  const mistakes: string[] = [];
  if (given.FIRESTORE_MODE === 'emulator' && !given.FIRESTORE_EMULATOR_HOST) {
    mistakes.push('FIRESTORE_EMULATOR_HOST must be set (host:port) when FIRESTORE_MODE=emulator');
  }
  if (given.FIRESTORE_EMULATOR_HOST && given.FIRESTORE_MODE && given.FIRESTORE_MODE !== 'emulator') {
    mistakes.push(
      `FIRESTORE_EMULATOR_HOST must not be set when FIRESTORE_MODE=${given.FIRESTORE_MODE}: the client would go there`,
    );
  }
  if (given.JWT_KEYS) mistakes.push(...mistakesInKeys(given.JWT_KEYS));
  const needed = [
    ...(given.AUTH_PROVIDERS?.includes('firebase') ? ['GOOGLE_CLOUD_PROJECT'] : []),
    ...(given.AUTH_PROVIDERS?.includes('oidc') ? ['OIDC_ISSUER', 'OIDC_AUDIENCE'] : []),
  ].filter((name) => !given[name]);
  mistakes.push(...needed.map((name) => `${name} must be set when AUTH_PROVIDERS=${given.AUTH_PROVIDERS}`));
  return given.NODE_ENV === 'production' ? [...mistakes, ...mistakesInProduction(given)] : mistakes;
}

function mistakesInKeys(keys: string): string[] {
  try {
    readSigningKeys(keys);
    return [];
  } catch (error) {
    return [`JWT_KEYS ${(error as Error).message}`];
  }
}

function mistakesInProduction({ FIRESTORE_MODE, JWT_SECRET, ...given }: Environment): string[] {
  const mistakes = ['APP_URL', 'MAIL_FROM']
    .filter((name) => given.SMTP_URL && !given[name])
    .map((name) => `${name} must be set in production when SMTP_URL is`);
  if (given.FIREBASE_AUTH_EMULATOR_HOST)
    mistakes.push(
      'FIREBASE_AUTH_EMULATOR_HOST must not be set in production: unsigned tokens would be believed',
    );
  if (Number(given.PASSWORD_MEMORY) < OWASP_PASSWORD_MEMORY)
    mistakes.push(`PASSWORD_MEMORY must be at least ${OWASP_PASSWORD_MEMORY} in production`);
  if (!FIRESTORE_MODE)
    mistakes.push('FIRESTORE_MODE must be named in production: embedded, emulator or cloud');
  if (!JWT_SECRET) mistakes.push(`JWT_SECRET must be set in production; ${MAKE_ONE}`);
  else if (new Set(JWT_SECRET).size < 10)
    mistakes.push(`JWT_SECRET is too regular to be random; ${MAKE_ONE}`);
  return mistakes;
}

const variableOf = (mistake: string): string => mistake.split(' ', 1)[0]!;
