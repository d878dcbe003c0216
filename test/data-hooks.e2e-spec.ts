import { randomUUID } from 'node:crypto';
import { Body, Controller, Injectable, Module, Post } from '@nestjs/common';
import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { Firestore } from 'firebase-admin/firestore';
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
import { type Setup, setup } from './support/setup.js';

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

describe('transactions on any method, and their hooks (D5, D8)', () => {
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
