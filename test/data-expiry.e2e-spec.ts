import { jest } from '@jest/globals';
import { ExpiredDocuments } from '../src/core/firestore/expired-documents.js';
import { FirestoreConnection } from '../src/core/firestore/firestore-connection.js';
import { databaseOfItsOwn, type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { login, PASSWORD, person, registerUser } from './support/users.js';

const DAY = 24 * 60 * 60_000;

let app: Setup;
beforeAll(async () => {
  app = await setup({ ...databaseOfItsOwn(), AUDIT_RETENTION_DAYS: '30' });
});
afterAll(() => app.close());
afterEach(() => void jest.useRealTimers());

const countOf = async (collection: string) =>
  (await app.app.get(FirestoreConnection).firestore.collection(collection).count().get()).data().count;

it('deletes what has expired, and nothing else', async () => {
  const [{ user }] = [await registerUser(app), await registerUser(app)];
  await app.post('/auth/login', { email: person().email, password: PASSWORD });
  await app.post('/auth/password/forgot', { email: user.email });
  passTime(20 * DAY);
  await login(app, user.email);
  expect(await app.app.get(ExpiredDocuments).clear()).toBeGreaterThan(1);
  expect([await countOf('sessions'), await countOf('auditEntries')]).toEqual([3, 4]);

  passTime(11 * DAY);
  await app.app.get(ExpiredDocuments).clear();
  expect([await countOf('sessions'), await countOf('auditEntries')]).toEqual([1, 1]);
  expect(await countOf('oneTimeTokens')).toBe(0);

  passTime(91 * DAY);
  await app.app.get(ExpiredDocuments).clear();
  for (const collection of ['sessions', 'auditEntries', 'signInDelays', 'mails', 'revocations'])
    expect([collection, await countOf(collection)]).toEqual([collection, 0]);
  expect([await countOf('users'), await countOf('emails')]).toEqual([2, 2]);
});
