import { randomUUID } from 'node:crypto';
import { Firestore } from 'firebase-admin/firestore';
import { Lab, setupLab } from './support/data-lab.js';
import { recordRpcs } from './support/rpcs.js';

describe('the unit of work (D3, D5, D6)', () => {
  let lab: Awaited<ReturnType<typeof setupLab>>;
  let rpcs: string[];

  beforeAll(async () => {
    lab = await setupLab();
    rpcs = recordRpcs(lab);
  });
  afterAll(() => lab.close());

  const doc = (id: string) => lab.app.get(Firestore).doc(`profiles/${id}`);
  const stored = async (id: string) => (await doc(id).get()).data();
  const store = async (fields: object = {}) => {
    const id = randomUUID();
    await doc(id).set({ name: 'Ada', visits: 1, tags: ['a'], createdAt: new Date(5), ...fields });
    rpcs.length = 0;
    return id;
  };
  /** Does the work in a writing request and returns what then is stored. */
  const after = async (id: string, work: (lab: Lab) => Promise<unknown>) => {
    const answer = await lab.write(work);
    const calls = [...rpcs];
    return { ...answer, rpcs: calls, stored: await stored(id) };
  };

  describe('writes without a read', () => {
    it('update named fields in one commit', async () => {
      const id = await store({ address: { street: 'Main', city: 'Paris' }, extra: 1 });
      const { stored, rpcs } = await after(id, async ({ profiles }) =>
        profiles.update(id, { 'address.city': 'Rome', nickname: undefined, visits: 7 }),
      );
      expect(stored).toMatchObject({ address: { street: 'Main', city: 'Rome' }, visits: 7, extra: 1 });
      expect(rpcs).toEqual(['commit']);
    });

    it('upsert: write given fields, of a new document or an old one', async () => {
      const id = randomUUID();
      const upsert = async ({ profiles }: Lab) => profiles.upsert({ id, name: 'Ada', tags: ['x'] });
      expect((await after(id, upsert)).stored).toEqual({ name: 'Ada', lowerName: 'ada', tags: ['x'] });
      await doc(id).update({ visits: 5, tags: [], extra: 1 });
      expect((await after(id, upsert)).stored).toMatchObject({
        name: 'Ada',
        tags: ['x'],
        visits: 5,
        extra: 1,
      });
    });

    it('upsert only what is as expected', async () => {
      const id = await store({ visits: 1 });
      const upsert = (visits: number) =>
        after(id, async ({ profiles }) => profiles.upsert({ id, name: 'New' }, { expected: { visits } }));
      expect(await upsert(2)).toMatchObject({
        status: 409,
        code: 'DOCUMENT_CHANGED',
        stored: { name: 'Ada' },
      });
      rpcs.length = 0;
      expect(await upsert(1)).toMatchObject({
        status: 200,
        stored: { name: 'New' },
        rpcs: ['batchGetDocuments', 'commit'],
      });
    });

    it('increment, 20 at once, exactly', async () => {
      const id = await store({ visits: 0 });
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          lab.write(async ({ profiles }) => profiles.increment(id, { visits: 2 })),
        ),
      );
      const succeeded = answers.filter(({ status }) => status === 200).length;
      expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
      expect(rpcs).not.toContain('batchGetDocuments');
      expect((await stored(id))!.visits).toBe(2 * succeeded);
    });

    it('delete, also what is not there', async () => {
      const id = await store();
      expect((await after(id, async ({ profiles }) => profiles.delete(id))).stored).toBeUndefined();
      expect((await after(id, async ({ profiles }) => profiles.delete(id))).status).toBe(200);
    });

    it('fail for the document that they need, by name', async () => {
      const id = await store();
      const create = await after(id, async ({ profiles }) => profiles.create({ id, name: 'Eve' }));
      expect(create).toMatchObject({ status: 409, code: 'DOCUMENT_EXISTS', stored: { name: 'Ada' } });
      const update = await lab.write(async ({ profiles }) => profiles.update('none', { name: 'Eve' }));
      expect(update).toMatchObject({ status: 404, code: 'DOCUMENT_NOT_FOUND' });
      const own = await lab.write(async ({ members }) => members.delete({ team: 'a', number: 1 }));
      expect(own.status).toBe(200);
      const missing = await lab.write(async ({ members }) =>
        members.update({ team: 'a/b!', number: 1 }, { name: 'x' }),
      );
      expect(missing).toMatchObject({ status: 404, code: 'NO_SUCH_MEMBER' });
    });

    it('of a document that the transaction knows, are told at once', async () => {
      const id = await store();
      const exists = await lab.write(async ({ profiles }) => {
        await profiles.find(id);
        profiles.create({ id, name: 'Eve' });
      });
      expect(exists.error).toMatchObject({
        code: 'DOCUMENT_EXISTS',
        details: { document: `profiles/${id}` },
      });
      const missing = await lab.write(async ({ profiles }) => {
        await profiles.find('none');
        profiles.update('none', { visits: 1 });
      });
      expect(missing.error).toMatchObject({ code: 'DOCUMENT_NOT_FOUND' });
    });
  });

  describe('reads after writes', () => {
    it.each<[string, (id: string, lab: Lab) => unknown, object | undefined]>([
      [
        'update',
        (id, { profiles }) => profiles.update(id, { visits: 5, 'address.city': 'Rome' }),
        { visits: 5, name: 'Ada', address: { city: 'Rome' } },
      ],
      ['increment', (id, { profiles }) => profiles.increment(id, { visits: 2 }), { visits: 3, name: 'Ada' }],
      [
        'update and increment',
        (id, { profiles }) => [profiles.update(id, { visits: 5 }), profiles.increment(id, { visits: 2 })],
        { visits: 7 },
      ],
      [
        'upsert',
        (id, { profiles }) => profiles.upsert({ id, name: 'Eve' }),
        { visits: 1, name: 'Eve', tags: ['a'] },
      ],
      ['delete', (id, { profiles }) => profiles.delete(id), undefined],
      [
        'delete and create',
        (id, { profiles }) => [profiles.delete(id), profiles.create({ id, name: 'Eve' })],
        { visits: 0, name: 'Eve' },
      ],
    ])('see what the transaction did: %s', async (_name, write, expected) => {
      const id = await store({ address: { street: 'Main', city: 'Paris' } });
      const { result, status } = await lab.write(async (each) => {
        write(id, each);
        const [found, again] = [await each.profiles.find(id), await each.profiles.find(id)];
        return { ...found, same: found === again };
      });
      expect(status).toBe(200);
      expect(result).toMatchObject({ ...expected, same: true });
      const { same, id: _id, ...seen } = result;
      if (expected) expect(await stored(id)).toMatchObject(expected);
      else expect([seen, await stored(id)]).toEqual([{}, undefined]);
    });

    it('see what it created, and further changes to it are stored', async () => {
      const id = randomUUID();
      rpcs.length = 0;
      const { stored, rpcs: calls } = await after(id, async ({ profiles }) => {
        const created = profiles.create({ id, name: 'Ada' });
        const found = await profiles.findOrFail(id);
        found.visits = 4;
        if (found !== created) throw new Error('two instances');
      });
      expect([stored!.visits, calls]).toEqual([4, ['commit']]);
    });

    it('refuse a query of a collection that it changed, and say what to do', async () => {
      const [id, other] = [await store(), await store()];
      const { error } = await lab.write(async ({ profiles }) => {
        (await profiles.findOrFail(id)).visits = 9;
        await profiles.query().where('visits', '==', 9).find();
      });
      expect(error!.message).toContain(`has changed profiles/${id}`);
      expect(error!.message).toContain('Query first');
      const counted = await lab.write(async ({ profiles }) => {
        profiles.delete(other);
        await profiles.query().count();
      });
      expect(counted.error!.message).toContain('Query first');
      const elsewhere = await lab.write(async ({ profiles, members }) => {
        profiles.delete(other);
        await members.query().count();
      });
      expect(elsewhere.status).toBe(200);
    });

    it('refuse two unseen changes of one place', async () => {
      const { error } = await lab.write(async ({ profiles }) => {
        profiles.update('none', { address: { street: 'a', city: 'b' } });
        profiles.update('none', { 'address.city': 'c' });
      });
      expect(error!.message).toContain('Read the document first');
    });
  });

  it('forgets a created document that is deleted, and deletes none that it did not see', async () => {
    const id = await store();
    const { stored, status } = await after(id, async ({ profiles }) => {
      profiles.create({ id, name: 'Eve' });
      profiles.delete(id);
    });
    expect([status, stored!.name]).toEqual([200, 'Ada']);
  });

  it('commits all or nothing', async () => {
    const [id, other] = [await store(), randomUUID()];
    const { status, stored: kept } = await after(id, async ({ profiles }) => {
      (await profiles.findOrFail(id)).visits = 8;
      profiles.create({ id: other, name: 'Eve' });
      profiles.update('none', { visits: 1 });
    });
    expect([status, kept!.visits, await stored(other)]).toEqual([404, 1, undefined]);
  });

  it('refuses writes outside of a transaction', () => {
    const { profiles } = lab.app.get(Lab);
    expect(() => profiles.delete('none')).toThrow('outside a transaction');
  });
});
