/** The whole service on an engine, and users to find. */
import { createApp } from '../../../src/app.js';
import { loadSettings } from '../../../src/config/load-settings.js';
import { toStored } from '../../../src/core/firestore/document/stored-form.js';
import { FirestoreConnection } from '../../../src/core/firestore/firestore-connection.js';
import { AuthService } from '../../../src/features/auth/auth.service.js';
import { User } from '../../../src/features/users/user.document.js';

const ADMIN = {
  email: 'admin@bench.example',
  password: 'a passphrase of the bench',
  firstName: 'Grace',
  lastName: 'Hopper',
};
const SYLLABLES = ['ba', 'do', 'ki', 'lu', 'me', 'no', 'ra', 'si', 'te', 'vu'];
/** So many, of however many, are called Zelda; every other one of them is a moderator. */
const WANTED = 50;

/** A word of its own for each number. */
const nameOf = (number: number) => [...String(number)].map((digit) => SYLLABLES[Number(digit)]).join('');

function userOf(index: number, count: number): User {
  const step = count / WANTED;
  const isWanted = index % step === 0;
  const lastName = nameOf((index * 7919) % count);
  const user = Object.assign(new User(), {
    firstName: isWanted ? 'Zelda' : nameOf(index),
    lastName,
    email: `${index}@${lastName}.eu`,
    role: index % (2 * step) === 0 ? 'moderator' : 'user',
    passwordHash: 'x',
    createdAt: new Date(1_700_000_000_000 + index * 1000),
  });
  user.beforeSave();
  return user;
}

async function signIn(app: Awaited<ReturnType<typeof createApp>>): Promise<string> {
  const { email, password } = ADMIN;
  const response = await app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { email, password },
  });
  return (response.json() as { data: { tokens: { accessToken: string } } }).data.tokens.accessToken;
}

export async function startService(address: string) {
  const settings = await loadSettings({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    RATE_LIMIT: '10000000',
    ACCESS_TOKEN_TTL: '86400',
    JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789', // of all: passport knows one strategy of each name in a process
    FIRESTORE_MODE: 'emulator',
    FIRESTORE_EMULATOR_HOST: address,
  });
  const app = await createApp(settings);
  await app.get(AuthService).createUser(ADMIN, 'admin');
  const headers = { authorization: `Bearer ${await signIn(app)}` };
  return {
    async load(count: number): Promise<void> {
      const firestore = app.get(FirestoreConnection).firestore;
      const writer = firestore.bulkWriter({ throttling: false });
      for (let index = 0; index < count; index++) {
        void writer.create(
          firestore.doc(`users/${String(index).padStart(8, '0')}`),
          toStored(User, userOf(index, count)),
        );
        if (index % 2000 === 0) await writer.flush();
      }
      await writer.close();
    },
    /** @returns how many were found */
    async list(query: Record<string, string>): Promise<number> {
      const response = await app.inject({ method: 'GET', url: '/api/v1/users', query, headers });
      if (response.statusCode !== 200) throw new Error(response.body);
      return (response.json() as { data: unknown[] }).data.length;
    },
    close: () => app.close(),
  };
}
