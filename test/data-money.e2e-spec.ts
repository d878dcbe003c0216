import { randomInt, randomUUID } from 'node:crypto';
import { Body, Controller, Injectable, Module, Post } from '@nestjs/common';
import { IsBoolean, IsInt, IsString, Min } from 'class-validator';
import { Firestore } from 'firebase-admin/firestore';
import { Public } from '../src/core/auth/access.decorators.js';
import { Conflict } from '../src/core/errors/errors.js';
import { DocumentExists } from '../src/core/firestore/firestore.errors.js';
import { Document, Key } from '../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../src/core/firestore/repository.js';
import { Transactional } from '../src/core/firestore/transactional.decorator.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';

@Document({ collection: 'accounts' })
class Account {
  @Key()
  id: string;

  @IsInt()
  @Min(0)
  balance: number;
}

@Document({ collection: 'doctors' })
class Doctor {
  @Key()
  id: string;

  @IsString()
  ward: string;

  @IsBoolean()
  onCall: boolean;
}

class Transfer {
  @IsString()
  from: string;

  @IsString()
  to: string;

  @IsInt()
  amount: number;
}

class Transferred {
  @IsInt()
  moved: number;
}

class Id {
  @IsString()
  id: string;
}

class Off {
  @IsString()
  id: string;

  @IsString()
  ward: string;
}

@Injectable()
class Bank {
  constructor(
    @InjectRepository(Account) private readonly accounts: Repository<Account>,
    @InjectRepository(Doctor) private readonly doctors: Repository<Doctor>,
  ) {}

  /** Moves what is there, at most. */
  async transfer({ from, to, amount }: Transfer): Promise<number> {
    const [payer, payee] = await this.accounts.findMany([from, to]);
    const moved = Math.min(amount, payer!.balance);
    payer!.balance -= moved;
    payee!.balance += moved;
    return moved;
  }

  open(id: string): void {
    this.accounts.create({ id, balance: 0 });
  }

  async goOff({ id, ward }: Off): Promise<void> {
    const onCall = await this.doctors.query().where('ward', '==', ward).where('onCall', '==', true).find();
    if (onCall.length < 2) throw new Conflict();
    onCall.find((doctor) => doctor.id === id)!.onCall = false;
  }
}

@Public()
@Controller('bank')
class BankController {
  constructor(private readonly bank: Bank) {}

  @Post('transfer')
  @Transactional({ readOnly: false, maxAttempts: 8 })
  @Responds(Transferred, { summary: 'Transfers' })
  async transfer(@Body() body: Transfer): Promise<Transferred> {
    return { moved: await this.bank.transfer(body) };
  }

  @Post('open')
  @Transactional({ readOnly: false })
  @Responds(null, { summary: 'Opens', errors: [DocumentExists] })
  async open(@Body() { id }: Id): Promise<void> {
    return Promise.resolve(this.bank.open(id));
  }

  @Post('off')
  @Transactional({ readOnly: false })
  @Responds(null, { summary: 'Goes off call', errors: [Conflict] })
  async off(@Body() body: Off): Promise<void> {
    await this.bank.goOff(body);
  }
}

@Module({
  imports: [FirestoreModule.forFeature([Account, Doctor])],
  controllers: [BankController],
  providers: [Bank],
})
class BankModule {}

describe('many at once (D5, D6, D7)', () => {
  let app: Setup;
  let firestore: Firestore;
  let url: string;

  beforeAll(async () => {
    app = await setup({}, { imports: [BankModule] });
    await app.app.listen(0, '127.0.0.1');
    url = `${await app.app.getUrl()}/api/v1/bank`;
    firestore = app.app.get(Firestore);
  });
  afterAll(() => app.close());

  /** Through a socket. */
  const post = async (path: string, body: object) => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${url}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    return {
      status: response.status,
      data: text ? (JSON.parse(text) as { data: Transferred }).data : undefined,
    };
  };

  it('conserve the money in 200 transfers between 10 accounts', async () => {
    const ids = Array.from({ length: 10 }, () => randomUUID());
    await Promise.all(ids.map((id) => firestore.doc(`accounts/${id}`).set({ balance: 100 })));
    const transfers = Array.from({ length: 200 }, (_, index) => {
      const from = index % 10;
      return { from: ids[from]!, to: ids[(from + randomInt(1, 10)) % 10]!, amount: randomInt(1, 80) };
    });
    const answers = await Promise.all(transfers.map((transfer) => post('transfer', transfer)));

    const expected = new Map(ids.map((id) => [id, 100]));
    answers.forEach(({ status, data }, index) => {
      expect([200, 503]).toContain(status);
      if (status !== 200) return;
      const { from, to } = transfers[index]!;
      expected.set(from, expected.get(from)! - data!.moved);
      expected.set(to, expected.get(to)! + data!.moved);
    });
    const stored = await firestore.getAll(...ids.map((id) => firestore.doc(`accounts/${id}`)));
    const balances = stored.map((snapshot) => snapshot.data()!.balance as number);
    expect(balances).toEqual([...expected.values()]);
    expect(balances.reduce((sum, balance) => sum + balance)).toBe(1000);
    expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(100);
  }, 60_000);

  it('create one document of one key', async () => {
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('open', { id })));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.every((status) => [204, 409, 503].includes(status))).toBe(true);
  });

  it('leave one doctor on call, though each changes a document of his own (write skew)', async () => {
    for (let round = 0; round < 10; round++) {
      const [ward, one, other] = [randomUUID(), randomUUID(), randomUUID()];
      await Promise.all([one, other].map((id) => firestore.doc(`doctors/${id}`).set({ ward, onCall: true })));
      const answers = await Promise.all([one, other].map((id) => post('off', { id, ward })));
      const left = await firestore
        .collection('doctors')
        .where('ward', '==', ward)
        .where('onCall', '==', true)
        .get();
      expect(left.size).toBeGreaterThanOrEqual(1);
      expect(left.size).toBe(2 - answers.filter(({ status }) => status === 204).length);
    }
  });
});
