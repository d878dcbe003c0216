import { randomUUID } from 'node:crypto';
import { Firestore, GeoPoint, Timestamp } from 'firebase-admin/firestore';
import { jest } from '@jest/globals';
import { ExpiredDocuments } from '../src/core/firestore/expired-documents.js';
import { FirestoreConnection } from '../src/core/firestore/firestore-connection.js';
import { Profile, setupLab } from './support/data-lab.js';
import { recordRpcs } from './support/rpcs.js';
import { databaseOfItsOwn, type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';
import { login, PASSWORD, person, registerUser } from './support/users.js';

describe('documents and repositories (D2, D3, D4, D9)', () => {
  let lab: Awaited<ReturnType<typeof setupLab>>;
  let rpcs: string[];

  beforeAll(async () => {
    lab = await setupLab();
    rpcs = recordRpcs(lab);
  });
  afterAll(() => lab.close());

  const doc = (path: string) => lab.app.get(Firestore).doc(path);
  const stored = async (id: string) => (await doc(`profiles/${id}`).get()).data();

  /** A stored profile, written by the plain client. */
  const store = async (fields: object = {}) => {
    const id = randomUUID();
    await doc(`profiles/${id}`).set({
      name: 'Ada',
      lowerName: 'ada',
      visits: 1,
      tags: ['a'],
      createdAt: new Date(5),
      lines: [],
      ...fields,
    });
    rpcs.length = 0;
    return id;
  };

  describe('a document class', () => {
    it('round-trips every kind of value', async () => {
      const values = {
        name: 'Ada',
        nickname: null,
        tags: ['x', 'y'],
        address: { street: 'Main', city: 'Paris' },
        lines: [{ sku: 'a', count: 2 }],
        place: new GeoPoint(1, 2),
        picture: Buffer.from([0, 255]),
        exactly: new Timestamp(1, 123_456_000),
        settings: { theme: 'dark', since: new Date(7), deep: { on: true, list: [1, { a: 1 }] } },
      };
      const { result: id } = await lab.write(
        async ({ profiles }) => profiles.create({ ...values, friend: profiles.reference('other') }).id,
      );
      const { result } = await lab.read(({ profiles }) => profiles.find(id));
      expect(result!.friend!.path).toBe('profiles/other');
      expect(result).toMatchObject({ id, visits: 0, lowerName: 'ada', ...values });
      expect(result).toBeInstanceOf(Profile);
      expect(result!.createdAt).toBeInstanceOf(Date);
      expect(result!.address!.constructor.name).toBe('Address');
      expect(result!.lines[0]!.constructor.name).toBe('Line');
      expect(await stored(id)).toMatchObject({ picture: Buffer.from([0, 255]), exactly: values.exactly });
      expect(await stored(id)).not.toHaveProperty('id');
    });

    it('keeps stored fields that it does not declare, nested ones and those of array items too', async () => {
      const address = { street: 'Main', city: 'Paris', zip: 75 };
      const id = await store({ extra: { a: 1 }, address, lines: [{ sku: 'a', count: 1, hidden: true }] });
      await lab.write(async ({ profiles }) => {
        const profile = await profiles.findOrFail(id);
        profile.name = 'Grace';
        profile.address!.city = 'Rome';
        profile.lines.push({ sku: 'b', count: 3 });
      });
      expect(await stored(id)).toMatchObject({
        name: 'Grace',
        extra: { a: 1 },
        address: { ...address, city: 'Rome' },
        lines: [
          { sku: 'a', count: 1, hidden: true },
          { sku: 'b', count: 3 },
        ],
      });
    });

    it('reads the default of a field that is not stored, and does not store it for that', async () => {
      const id = randomUUID();
      await doc(`profiles/${id}`).set({ name: 'Ada' });
      rpcs.length = 0;
      const { result } = await lab.write(async ({ profiles }) => (await profiles.findOrFail(id)).visits);
      expect(result).toBe(0);
      expect(await stored(id)).toEqual({ name: 'Ada' });
    });

    it('makes ids', async () => {
      const { result } = await lab.write(async ({ profiles }) => profiles.create({ name: 'Ada' }).id);
      expect(result).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/);
    });

    it('refers to documents of one class', async () => {
      const [id, friend] = [await store(), await store({ name: 'Grace' })];
      await lab.write(async ({ profiles }) => profiles.update(id, { friend: profiles.reference(friend) }));
      const { result } = await lab.read(async ({ profiles }) => {
        const profile = await profiles.findOrFail(id);
        return (await profiles.findOrFail(profile.friend!)).name;
      });
      expect(result).toBe('Grace');
      const { error } = await lab.write(async ({ profiles, members }) =>
        profiles.update(id, { friend: members.reference({ team: 'a', number: 1 }) as never }),
      );
      expect(error!.message).toContain('friend must refer to a document of profiles');
    });

    it('has keys of several parts', async () => {
      await lab.write(async ({ members }) => {
        for (const number of [10, 9, -1]) members.create({ team: 'a/b', number, name: `n${number}` });
        members.create({ team: 'a', number: 1, name: 'other' });
      });
      const { result } = await lab.read(async ({ members }) => ({
        one: await members.find({ team: 'a/b', number: 10 }),
        team: await members.query().whereKeyBegins({ team: 'a/b' }).find(),
      }));
      expect(result.one).toEqual({ team: 'a/b', number: 10, name: 'n10' });
      expect(result.team.map(({ number }) => number)).toEqual([-1, 9, 10]);
    });
  });

  describe('reads', () => {
    it('give nothing or throw for what is not there', async () => {
      expect((await lab.read(({ profiles }) => profiles.find('none'))).result).toBeUndefined();
      expect(await lab.read(({ profiles }) => profiles.findOrFail('none'))).toMatchObject({
        status: 404,
        code: 'DOCUMENT_NOT_FOUND',
      });
      expect(await lab.read(({ members }) => members.findOrFail({ team: 'x', number: 1 }))).toMatchObject({
        status: 404,
        code: 'NO_SUCH_MEMBER',
      });
    });

    it('of ten keys are one round trip, in the order of the keys', async () => {
      const ids = await Promise.all(Array.from({ length: 9 }, (_, index) => store({ name: `n${index}` })));
      rpcs.length = 0;
      const keys = [...ids.slice(0, 4), 'none', ...ids.slice(4)];
      const { result } = await lab.read(({ profiles }) => profiles.findMany(keys));
      expect(rpcs.filter((rpc) => rpc !== 'commit')).toEqual(['batchGetDocuments']);
      expect(result.map((profile) => profile?.name)).toEqual([
        'n0',
        'n1',
        'n2',
        'n3',
        undefined,
        'n4',
        'n5',
        'n6',
        'n7',
        'n8',
      ]);
    });

    it('of one key twice are one round trip and one instance', async () => {
      const id = await store();
      const { result } = await lab.write(async ({ profiles }) => {
        const [one, other] = [await profiles.find(id), await profiles.findOrFail(id)];
        const [found] = await profiles.query().where('id', '==', id).find();
        return one === other && one === found;
      });
      expect(result).toBe(true);
      expect(rpcs).toEqual(['batchGetDocuments', 'runQuery', 'commit']);
    });

    it('get or create', async () => {
      const id = randomUUID();
      const run = () => lab.write(({ profiles }) => profiles.getOrCreate({ id, name: 'Ada' }));
      expect((await run()).result.visits).toBe(0);
      await doc(`profiles/${id}`).update({ visits: 3 });
      expect((await run()).result.visits).toBe(3);
    });

    it('filter, order, page, select, count, sum, average and stream', async () => {
      const nickname = randomUUID();
      await Promise.all(
        [3, 1, 2].map((visits) =>
          store({ visits, nickname, tags: [`t${visits}`], address: { street: 's', city: `c${visits}` } }),
        ),
      );
      const { result } = await lab.read(async ({ profiles }) => {
        const all = profiles.query().where('nickname', '==', nickname);
        const ordered = all.orderBy('visits');
        const [first] = await ordered.limit(1).find();
        const streamed: number[] = [];
        for await (const { visits } of ordered.stream()) streamed.push(visits);
        return {
          streamed,
          first: (await ordered.first())!.visits,
          rest: (await ordered.startAfter(...ordered.positionOf(first!)).find()).map(({ visits }) => visits),
          skipped: (await ordered.offset(2).find()).length,
          selected: await ordered.select('visits').limit(1).find(),
          tagged: (await all.where('tags', 'array-contains', 't2').find())[0]!.visits,
          nested: (await all.where('address.city', 'in', ['c1', 'c3']).find()).length,
          numbers: [await all.count(), await all.sum('visits'), await all.average('visits')],
          none: [
            await all.where('visits', '>', 9).sum('visits'),
            await all.where('visits', '>', 9).average('visits'),
          ],
        };
      });
      expect(result).toEqual({
        streamed: [1, 2, 3],
        first: 1,
        rest: [2, 3],
        skipped: 1,
        selected: [{ visits: 1 }],
        tagged: 2,
        nested: 2,
        numbers: [3, 6, 2],
        none: [0, null],
      });
    });

    it('work without a transaction, on request', async () => {
      const id = await store();
      const { result } = await lab.readInconsistently(async ({ profiles, transactions }) => ({
        found: (await profiles.findOrFail(id)).name,
        counted: await profiles.query().where('id', '==', id).count(),
        inTransaction: transactions.current !== undefined,
      }));
      expect(result).toEqual({ found: 'Ada', counted: 1, inTransaction: false });
      expect(rpcs).toEqual(['batchGetDocuments', 'runAggregationQuery']);
    });
  });

  describe('changes', () => {
    it('are one get and one commit, of the changed fields only', async () => {
      const id = await store({ address: { street: 'Main', city: 'Paris' } });
      await lab.write(async ({ profiles }) => {
        const profile = await profiles.findOrFail(id);
        profile.visits++;
        profile.tags.push('b');
        profile.address!.city = 'Rome';
        profile.nickname = 'A';
        await doc(`profiles/${id}`).get(); // the plain client is not in the way
      });
      expect(rpcs).toEqual(['batchGetDocuments', 'batchGetDocuments', 'commit']);
      expect(await stored(id)).toMatchObject({
        visits: 2,
        tags: ['a', 'b'],
        address: { street: 'Main', city: 'Rome' },
        nickname: 'A',
      });
    });

    it('write nothing for a document that is as it was', async () => {
      const id = await store();
      const before = (await doc(`profiles/${id}`).get()).updateTime;
      await lab.write(async ({ profiles }) => {
        const profile = await profiles.findOrFail(id);
        profile.tags = ['a'];
        profile.createdAt = new Date(5);
      });
      expect((await doc(`profiles/${id}`).get()).updateTime).toEqual(before);
    });

    it('remove an optional field that is set to undefined', async () => {
      const id = await store({ nickname: 'A' });
      await lab.write(async ({ profiles }) => {
        (await profiles.findOrFail(id)).nickname = undefined;
      });
      expect(await stored(id)).not.toHaveProperty('nickname');
    });

    it('run beforeSave, and only for what has changed', async () => {
      const [changed, untouched] = [await store(), await store({ lowerName: 'stale' })];
      await lab.write(async ({ profiles }) => {
        const [profile] = await profiles.findMany([changed, untouched]);
        profile!.name = 'GRACE';
      });
      expect([(await stored(changed))!.lowerName, (await stored(untouched))!.lowerName]).toEqual([
        'grace',
        'stale',
      ]);
    });

    it('are refused where a document is only read, at the place of the change', async () => {
      const id = await store();
      for (const read of [lab.read, lab.readInconsistently]) {
        const { error, status } = await read(async ({ profiles }) => {
          (await profiles.findOrFail(id)).tags.push('b');
        });
        expect([status, error]).toEqual([500, expect.any(TypeError)]);
      }
      const { error } = await lab.read(async ({ profiles }) => profiles.update(id, { visits: 9 }));
      expect(error!.message).toContain(`profiles/${id}`);
      expect(error!.message).toContain('@Transactional({ readOnly: false })');
      expect((await stored(id))!.visits).toBe(1);
    });
  });

  describe('validation', () => {
    it.each<[string, Parameters<typeof lab.write>[0], string]>([
      ['create', async ({ profiles }) => profiles.create({ name: 'x'.repeat(21) }), 'name must be shorter'],
      [
        'create, undeclared',
        async ({ profiles }) => profiles.create({ name: 'x', ...{ role: 1 } }),
        'role should not exist',
      ],
      [
        'create, nested',
        async ({ profiles }) => profiles.create({ name: 'x', lines: [{ sku: 'a', count: 0 }] }),
        'lines[0].count: count must not be less',
      ],
      ['update', async ({ profiles }) => profiles.update('none', { visits: -1 }), 'visits must not be less'],
      [
        'update, nested',
        async ({ profiles }) => profiles.update('none', { 'address.city': 'x'.repeat(41) }),
        'address.city: city must be shorter',
      ],
      [
        'update of a key',
        async ({ profiles }) => profiles.update('none', { id: 'b' }),
        'id is part of the key',
      ],
      [
        'update of a read-only field',
        async ({ profiles }) => profiles.update('none', { createdAt: new Date() }),
        'createdAt is @ReadOnly()',
      ],
      [
        'upsert',
        async ({ profiles }) => profiles.upsert({ id: 'x', name: 'x', visits: 0.5 }),
        'visits must be an integer',
      ],
      [
        'increment by what is no number',
        async ({ profiles }) => profiles.increment('none', { visits: NaN }),
        'visits',
      ],
    ])('refuses an invalid value at once: %s', async (_name, work, message) => {
      const { error, status } = await lab.write(work);
      expect([status, error?.name]).toEqual([500, 'InvalidDocument']);
      expect(error!.message).toContain(message);
    });

    it.each<[string, (profile: Profile) => unknown]>([
      ['a broken rule', (profile) => (profile.name = 'x'.repeat(21))],
      ['a required field that is gone', (profile) => (profile.name = undefined as never)],
      ['a nested object', (profile) => (profile.address = { street: 'x', city: 7 as never })],
      ['a key', (profile) => (profile.id = 'other')],
      ['a read-only field', (profile) => (profile.createdAt = new Date())],
    ])('refuses before the commit what a changed document became: %s', async (_name, change) => {
      const id = await store();
      const before = await stored(id);
      const { status, result } = await lab.write(async ({ profiles }) => {
        const profile = await profiles.findOrFail(id);
        change(profile);
        profiles.create({ name: 'not stored either' });
        return 'done';
      });
      expect([status, result]).toEqual([500, 'done']);
      expect(await stored(id)).toEqual(before);
    });
  });
});

/** An emulator has rules of its own. */
const embedded = process.env.FIRESTORE_EMULATOR_HOST ? describe.skip : describe;

embedded('composite indexes (D10)', () => {
  it('are demanded of a query as in production, with the definition to add', async () => {
    const lab = await setupLab('strict');
    const { error } = await lab.read(({ profiles }) =>
      profiles.query().where('nickname', '==', 'a').orderBy('visits').find(),
    );
    await lab.close();
    expect(error).toMatchObject({ code: 9 }); // FAILED_PRECONDITION
    expect(error!.message).toContain('firestore.indexes.json');
    expect(error!.message).toContain('"collectionGroup":"profiles"');
    expect(error!.message).toContain('"fieldPath":"visits"');
  });
});

describe('expiry', () => {
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
});
