import { once } from 'node:events';
import { Writable } from 'node:stream';
import { jest } from '@jest/globals';
import { startEmbeddedFirestore } from 'embedded-firestore';
import { Firestore } from 'firebase-admin/firestore';
import { Transactions } from '../src/core/firestore/transactions.js';
import { AuthService } from '../src/features/auth/auth.service.js';
import { MailDelivery } from '../src/features/mail/mail-delivery.js';
import { MailService } from '../src/features/mail/mail.service.js';
import { MailTransport } from '../src/features/mail/mail-transport.js';
import { startMailServer } from './support/mail-server.js';
import { databaseOfItsOwn, type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { person, registerUser } from './support/users.js';

const MINUTE = 60_000;
/** Of all applications: passport knows one strategy of each name in a process. */
const JWT_SECRET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** What the service logs, and the event `line`. */
class Log extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
    this.emit('line');
  }

  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) await once(this, 'line');
  }
}

const outboxOf = async (app: Setup) => (await app.app.get(Firestore).collection('mails').get()).docs;
/** Mail to somebody, of a kind that says just what it is given. */
const sendNote = (app: Setup, data: Record<string, string>) =>
  app.app
    .get(Transactions)
    .run({ readOnly: false }, async () => app.app.get(MailService).enqueue('note', data));
const defineNotes = (app: Setup) =>
  app.app
    .get(MailService)
    .define('note', async ({ to, subject }) => ({ to: to!, subject: subject!, text: 'Hello\n' }));

/** Has instances look into the outbox, all at once, and waits until they are done. */
const settle = (...apps: Setup[]) => Promise.all(apps.map(({ app }) => app.get(MailDelivery).wake()));

afterEach(() => void jest.useRealTimers());

describe('mail by SMTP', () => {
  let app: Setup;
  const log = new Log();
  let server: Awaited<ReturnType<typeof startMailServer>>;
  beforeAll(async () => {
    server = await startMailServer();
    const environment = { SMTP_URL: server.url, JWT_SECRET, LOG_LEVEL: 'info' };
    app = await setup({ ...databaseOfItsOwn(), ...environment }, { logDestination: log });
    defineNotes(app);
  });
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  it('goes out if and only if the change is committed, and leaves the outbox', async () => {
    const { user } = await registerUser(app);
    expect((await app.post('/auth/register', person({ email: user.email }))).status).toBe(409);
    await server.take(user.email, 'Confirm');
    const { user: next } = await registerUser(app);
    const { token } = await server.take(next.email, 'Confirm'); // after which the refused one's would have come
    expect(server.received).toEqual([]);
    await settle(app);
    expect(await outboxOf(app)).toEqual([]);
    expect(log.text).not.toContain(token);
    expect(log.text).not.toContain(next.email);
  });

  it('is tried again, later and later, and given up after ten attempts', async () => {
    const { email } = person();
    server.refuse(10);
    await sendNote(app, { to: email, subject: 'Never' });
    for (let attempt = 1; attempt <= 10; attempt++) {
      await log.until(`(note), attempt ${attempt}:`);
      expect(log.text).not.toContain(`(note), attempt ${attempt + 1}:`);
      const [stored] = await outboxOf(app);
      expect(stored!.data()).toMatchObject({ attempts: attempt, lastError: expect.stringContaining('451') });
      if (attempt === 10) expect(stored!.data().dueAt).toBeUndefined();
      passTime(MINUTE * 2 ** (attempt - 1) - 1000);
      await settle(app); // too early: nothing happens
      passTime(1000);
      await settle(app);
    }
    expect(log.text).toContain('given up');
    expect(server.received).toEqual([]);
    for (const { ref } of await outboxOf(app)) await ref.delete();
  });

  it('has no header and no recipient that somebody puts into a name, an address or a subject', async () => {
    const { email } = person();
    const attack = 'Ada\r\nBcc: all@example.com\r\n\r\nbuy';
    await app.app.get(AuthService).createUser(person({ email, firstName: attack }), 'user');
    await app.post('/auth/password/forgot', { email });
    const reset = await server.take(email, 'new password');
    await sendNote(app, { to: email, subject: `Hello\r\nBcc: all@example.com\r\n\r\nbuy` });
    const note = await server.take(email, 'Hello');
    for (const mail of [reset, note]) {
      expect(mail.recipients).toEqual([email]);
      expect(mail.headers).not.toMatch(/^bcc:/im);
      expect(mail.text).not.toContain('buy');
    }
  });

  it.each([
    'ada@example.com, all@example.com',
    'ada@example.com\r\nRCPT TO:<all@example.com>',
    '"a, all@example.com"@example.com',
    '<all@example.com> ada@example.com',
  ])('goes to one address or to none: %j', async (to) => {
    const count = server.received.length;
    await sendNote(app, { to, subject: 'Hello' });
    await sendNote(app, { to: 'last@example.com', subject: 'Last' });
    await server.take('last@example.com', 'Last');
    const sent = server.received.splice(count);
    expect(sent.flatMap(({ recipients }) => recipients)).not.toContain('all@example.com');
  });

  it.each(['"a\r\nb"@example.com', 'ada@example.com\r\nBcc: x@example.com', 'a@b.example,c@d.example'])(
    'is asked for no %j',
    async (email) => {
      expect((await app.post('/auth/password/forgot', { email })).status).toBe(400);
      expect((await app.post('/auth/register', person({ email }))).status).toBe(400);
    },
  );
});

describe('mail that an instance leaves behind', () => {
  it('is sent by another, once, when the lease of the first has run out', async () => {
    const [engine, server] = [await startEmbeddedFirestore(), await startMailServer()];
    const shared = {
      ...databaseOfItsOwn(),
      FIRESTORE_MODE: 'emulator',
      FIRESTORE_EMULATOR_HOST: engine.address,
      SMTP_URL: server.url,
      JWT_SECRET,
    };
    const instances = await Promise.all(Array.from({ length: 3 }, () => setup(shared)));
    const [crashing, ...others] = instances as [Setup, Setup, Setup];
    instances.forEach(defineNotes);
    try {
      // It has begun, and comes to no end.
      const [begins, ends] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      jest.spyOn(crashing.app.get(MailTransport), 'send').mockImplementation(() => {
        begins.resolve();
        return ends.promise;
      });
      await sendNote(crashing, { to: 'ada@example.com', subject: 'Hello' });
      await begins.promise;
      await settle(...others); // too early
      expect(server.received).toEqual([]);
      passTime(MINUTE);
      await settle(...others);
      expect(server.received).toHaveLength(1);
      ends.resolve();
      await settle(...instances);
      expect(server.received).toHaveLength(1);
      expect(await outboxOf(crashing)).toEqual([]);
    } finally {
      for (const instance of instances) await instance.close();
      await engine.close();
      await server.close();
    }
  });
});

describe('mail without a server', () => {
  it('is printed for people in development', async () => {
    const log = new Log();
    const app = await setup(
      { NODE_ENV: 'development', DATA_DIRECTORY: ':memory:', JWT_SECRET, LOG_LEVEL: 'info' },
      { logDestination: log },
    );
    try {
      const { user } = await registerUser(app);
      await log.until(`Mail to ${user.email}: Confirm your e-mail address`);
      const token = /#token=([\da-f-]{36}\.[\w-]{43})/.exec(log.text)![1];
      expect((await app.post('/auth/email/verify', { token })).status).toBe(204);
    } finally {
      await app.close();
    }
  });

  it('waits in production, unprinted, the same for an address with and without an account', async () => {
    const log = new Log();
    const environment = { NODE_ENV: 'production', FIRESTORE_MODE: 'embedded', DATA_DIRECTORY: ':memory:' };
    const app = await setup(
      { ...databaseOfItsOwn(), ...environment, JWT_SECRET, LOG_LEVEL: 'info' },
      { logDestination: log },
    );
    try {
      expect(log.text).toContain('SMTP_URL is not set');
      const emails = [(await registerUser(app)).user.email, person().email];
      for (const email of emails) await app.post('/auth/password/forgot', { email });
      const waiting = (await outboxOf(app)).map((each) => each.data());
      const resets = waiting.filter(({ kind }) => kind === 'password-reset');
      expect(resets.map(({ data }) => data as object)).toEqual(emails.map((email) => ({ email })));
      expect((await app.app.get(Firestore).collection('oneTimeTokens').get()).size).toBe(0);
      for (const email of emails) expect(log.text).not.toContain(email);
    } finally {
      await app.close();
    }
  });
});
