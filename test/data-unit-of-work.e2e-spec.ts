import { randomUUID } from 'node:crypto';
import { Firestore } from 'firebase-admin/firestore';
import { Body, Controller, Injectable, Module, Post } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { Public } from '../src/core/auth/access.decorators.js';
import { Conflict, ServiceUnavailable } from '../src/core/errors/errors.js';
import { Document, Key } from '../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../src/core/firestore/repository.js';
import {
  AfterCommit,
  BeforeCommit,
  BeforeTransaction,
  Prepared,
} from '../src/core/firestore/transaction-hooks.js';
import { Transactional } from '../src/core/firestore/transactional.decorator.js';
import { Transactions } from '../src/core/firestore/transactions.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { Lab, setupLab } from './support/data-lab.js';
import { recordRpcs } from './support/rpcs.js';
import { type Setup, setup } from './support/setup.js';

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

describe('transactions on any method, and their hooks (D5, D8)', () => {
  @Document({ collection: 'orders' })
  class Order {
    @Key()
    id: string;

    @IsString()
    state: string;
  }

  class PlaceOrder {
    @IsString()
    id: string;

    /** Where something goes wrong. */
    @IsOptional()
    @IsString()
    fails?: string;
  }

  class Placed {
    @IsString()
    state: string;

    @IsBoolean()
    wasCommitted: boolean;
  }

  class TryAgain extends Conflict {
    static override readonly code = 'TRY_AGAIN';
    static override readonly retryable = true;
  }

  const seen: string[] = [];

  @Injectable()
  class Orders {
    constructor(
      @InjectRepository(Order) private readonly orders: Repository<Order>,
      private readonly firestore: Firestore,
      private readonly transactions: Transactions,
    ) {}

    @Transactional({ readOnly: false })
    async place(id: string, state: string): Promise<Order> {
      this.transactions.beforeCommit(() => void seen.push('before commit, by call'));
      this.transactions.afterCommit(() => void seen.push('after commit, by call'));
      return this.orders.create({ id, state });
    }

    async isStored(id: string): Promise<boolean> {
      return (await this.firestore.doc(`orders/${id}`).get()).exists;
    }

    get inTransaction(): boolean {
      return this.transactions.current !== undefined;
    }
  }

  @Public()
  @Controller('orders')
  class OrdersController {
    private attempts = 0;

    constructor(private readonly orders: Orders) {}

    @BeforeTransaction('place')
    async price(body: PlaceOrder): Promise<string> {
      seen.push(`before the transaction: ${body.constructor.name}, ${this.orders.inTransaction}`);
      if (body.fails === 'before transaction') throw new Conflict();
      return Promise.resolve('priced');
    }

    @Post()
    @Responds(Placed, { summary: 'Places', status: 201, errors: [Conflict, ServiceUnavailable] })
    @Transactional({ readOnly: false, backoff: { first: 1, longest: 1 } })
    async place(@Body() { id, fails }: PlaceOrder, @Prepared() price: string): Promise<Placed> {
      seen.push('handler');
      const { state } = await this.orders.place(id, price);
      if (fails === 'first attempt' && this.attempts++ === 0) throw new TryAgain();
      return { state, wasCommitted: await this.orders.isStored(id) };
    }

    @BeforeCommit('place')
    async check(placed: Placed, { id, fails }: PlaceOrder): Promise<Placed> {
      seen.push(`before commit: ${await this.orders.isStored(id)}`);
      if (fails === 'before commit') throw new Conflict();
      return { ...placed, state: `${placed.state}, checked` };
    }

    @AfterCommit('place')
    async tell(placed: Placed, { id, fails }: PlaceOrder): Promise<Placed | ServiceUnavailable> {
      seen.push('after commit');
      if (fails === 'after commit') throw new Conflict();
      if (fails === 'after commit, deliberately') return new ServiceUnavailable();
      return { ...placed, wasCommitted: await this.orders.isStored(id) };
    }
  }

  @Module({
    imports: [FirestoreModule.forFeature([Order])],
    controllers: [OrdersController],
    providers: [Orders],
  })
  class OrdersModule {}

  let app: Setup;
  let orders: Orders;
  const lines: string[] = [];

  beforeAll(async () => {
    const logDestination = { write: (line: string) => void lines.push(line) };
    app = await setup({ LOG_LEVEL: 'error' }, { imports: [OrdersModule], logDestination });
    orders = app.app.get(Orders);
  });
  beforeEach(() => void (seen.length = 0));
  afterAll(() => app.close());

  const place = (fails?: string) => {
    const id = randomUUID();
    return app.post('/orders', { id, fails }).then((answer) => ({ ...answer, id }));
  };

  it('run before the transaction, before the commit and after it, and may change the answer', async () => {
    const { status, body } = await place();
    expect([status, body.data]).toEqual([201, { state: 'priced, checked', wasCommitted: true }]);
    expect(seen).toEqual([
      'before the transaction: PlaceOrder, false',
      'handler',
      'before commit: false',
      'before commit, by call',
      'after commit',
      'after commit, by call',
    ]);
  });

  it('run once before a transaction of two attempts, and after the commit alone', async () => {
    expect((await place('first attempt')).status).toBe(201);
    expect(seen.filter((each) => each.startsWith('before the transaction'))).toHaveLength(1);
    expect(seen.filter((each) => each === 'handler')).toHaveLength(2);
    expect(seen.filter((each) => each === 'after commit')).toHaveLength(1);
  });

  it.each(['before transaction', 'before commit'])(
    'refuse: nothing is written, nothing runs after (%s)',
    async (fails) => {
      const { status, id } = await place(fails);
      expect([status, await orders.isStored(id)]).toEqual([409, false]);
      expect(seen).not.toContain('after commit');
    },
  );

  it('that fail after the commit are logged, and the answer stays a success', async () => {
    const { status, body, id } = await place('after commit');
    expect([status, body.data.state, await orders.isStored(id)]).toEqual([201, 'priced, checked', true]);
    expect(seen.at(-1)).toBe('after commit, by call');
    expect(lines.join('')).toContain('A hook after the commit failed');
  });

  it('may answer with an error after the commit, deliberately', async () => {
    const { status, id } = await place('after commit, deliberately');
    expect([status, await orders.isStored(id)]).toEqual([503, true]);
  });

  it('refuse input before anything else', async () => {
    expect((await app.post('/orders', { id: 7 })).status).toBe(400);
    expect(seen).toEqual([]);
  });

  it('outside a request, a method starts its own transaction', async () => {
    const id = randomUUID();
    await orders.place(id, 'new');
    expect(await orders.isStored(id)).toBe(true);
    expect(seen).toEqual(['before commit, by call', 'after commit, by call']);
  });

  it('calls outside a transaction are refused', () => {
    expect(() => app.app.get(Transactions).afterCommit(() => undefined)).toThrow('outside a transaction');
  });

  it('transactions without consistent reads cannot write', () => {
    expect(() => Transactional({ inconsistentReads: true, readOnly: false })).toThrow('only reads');
  });
});
