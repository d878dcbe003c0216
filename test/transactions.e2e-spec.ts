import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Injectable, Module, Param, Post, Res } from '@nestjs/common';
import { IsArray, IsInt, IsOptional, IsString } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Firestore } from 'firebase-admin/firestore';
import { jest } from '@jest/globals';
import { Public } from '../src/core/auth/access.decorators.js';
import { Conflict } from '../src/core/errors/errors.js';
import { type Default, Document, Key } from '../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../src/core/firestore/repository.js';
import { Transactional } from '../src/core/firestore/transactional.decorator.js';
import { Transactions } from '../src/core/firestore/transactions.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { Idempotent } from '../src/core/http/idempotency.js';
import { Redirect, RequestDone } from '../src/core/http/short-circuit.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';

describe('transactions (D5, D6, D7)', () => {
  class Counter {
    @IsInt()
    value: number;
  }

  class CounterPath {
    @IsString()
    key: string;
  }

  class Words {
    @IsArray()
    @IsString({ each: true })
    words: string[];
  }

  class TryAgain extends Conflict {
    static override readonly code = 'TRY_AGAIN';
    static override readonly retryable = true;
  }

  @Document({ collection: 'counters' })
  class StoredCounter {
    @Key()
    key: string;

    @IsInt()
    value: Default<number> = 0;
  }

  @Injectable()
  class Counters {
    constructor(@InjectRepository(StoredCounter) private readonly counters: Repository<StoredCounter>) {}

    async read(key: string): Promise<number> {
      return (await this.counters.find(key))?.value ?? 0;
    }

    async increment(key: string): Promise<number> {
      const counter = await this.counters.getOrCreate({ key });
      return ++counter.value;
    }

    /** As a service that others call would write it: it joins the transaction of its caller. */
    @Transactional({ readOnly: false })
    incrementJoining(key: string): Promise<number> {
      return this.increment(key);
    }
  }

  const attempts = new Map<string, string[][]>();

  @Public()
  @Controller('counters/:key')
  class CountersController {
    constructor(private readonly counters: Counters) {}

    @Get()
    @Responds(Counter, { summary: 'Read' })
    @Transactional()
    async read(@Param() { key }: CounterPath): Promise<Counter> {
      return { value: await this.counters.read(key) };
    }

    @Post('increment')
    @Responds(Counter, { summary: 'Read, modify, write' })
    @Transactional({ readOnly: false, maxAttempts: 10 })
    async increment(@Param() { key }: CounterPath): Promise<Counter> {
      return { value: await this.counters.increment(key) };
    }

    @Post('increment-through-a-service')
    @Responds(Counter, { summary: 'Joins', errors: [Conflict] })
    @Transactional({ readOnly: false })
    async joined(@Param() { key }: CounterPath): Promise<never> {
      await this.counters.incrementJoining(key);
      throw new Conflict();
    }

    @Post('write-in-read-only')
    @Responds(Counter, { summary: 'A mistake' })
    @Transactional()
    async mistaken(@Param() { key }: CounterPath): Promise<Counter> {
      return { value: await this.counters.increment(key) };
    }

    @Post('increment-and-throw')
    @Responds(Counter, { summary: 'Throws', errors: [Conflict] })
    @Transactional({ readOnly: false })
    async throws(@Param() { key }: CounterPath): Promise<never> {
      await this.counters.increment(key);
      throw new Conflict();
    }

    @Post('increment-and-set-status')
    @Responds(Counter, { summary: 'Sets a status', otherStatuses: [422] })
    @Transactional({ readOnly: false })
    async setsStatus(
      @Param() { key }: CounterPath,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<Counter> {
      const value = await this.counters.increment(key);
      reply.code(422);
      return { value };
    }

    /** Spoils its input, and says "try again" twice. */
    @Post('retry')
    @Responds(Counter, { summary: 'Retries' })
    @Transactional({ readOnly: false })
    async retry(@Param() { key }: CounterPath, @Body() body: Words): Promise<Counter> {
      const seen = attempts.get(key) ?? [];
      attempts.set(key, [...seen, [...body.words]]);
      body.words.push('spoilt');
      const value = await this.counters.increment(key);
      if (seen.length < 2) throw new TryAgain();
      return { value };
    }

    @Post('never')
    @Responds(Counter, { summary: 'Never succeeds' })
    @Transactional({ readOnly: false, maxAttempts: 3 })
    async never(@Param() { key }: CounterPath): Promise<never> {
      attempts.set(key, [...(attempts.get(key) ?? []), []]);
      await this.counters.increment(key);
      throw new TryAgain();
    }
  }

  @Module({
    imports: [FirestoreModule.forFeature([StoredCounter])],
    controllers: [CountersController],
    providers: [Counters],
  })
  class CountersModule {}

  let app: Setup;
  const lines: string[] = [];

  beforeAll(async () => {
    const logDestination = { write: (line: string) => void lines.push(line) };
    app = await setup({ LOG_LEVEL: 'info' }, { imports: [CountersModule], logDestination });
  });
  afterAll(() => app.close());

  /** What is stored, asked of the plain client. */
  const stored = async (key: string): Promise<unknown> =>
    (await app.app.get(Firestore).doc(`counters/${key}`).get()).data()?.value;

  it('writes when the answer is a success', async () => {
    const key = randomUUID();
    expect((await app.post(`/counters/${key}/increment`)).body.data).toEqual({ value: 1 });
    expect((await app.post(`/counters/${key}/increment`)).body.data).toEqual({ value: 2 });
    expect((await app.get(`/counters/${key}`)).body.data).toEqual({ value: 2 });
    expect(await stored(key)).toBe(2);
  });

  it('loses no update of 30 at once', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => app.post(`/counters/${key}/increment`)),
    );
    const succeeded = answers.filter(({ status }) => status === 200);
    expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
    expect(await stored(key)).toBe(succeeded.length);
    const values = succeeded.map(({ body }) => body.data.value as number).sort((a, b) => a - b);
    expect(values).toEqual(succeeded.map((_, index) => index + 1));
  });

  it.each([
    ['a typed error is thrown', 'increment-and-throw', 409],
    ['an error status is set', 'increment-and-set-status', 422],
    ['a service joined the transaction that failed', 'increment-through-a-service', 409],
  ])('writes nothing when %s', async (_name, path, status) => {
    const key = randomUUID();
    expect((await app.post(`/counters/${key}/${path}`)).status).toBe(status);
    expect(await stored(key)).toBeUndefined();
  });

  it('refuses a write where a transaction only reads, and the log says what to do', async () => {
    const key = randomUUID();
    const { status, body } = await app.post(`/counters/${key}/write-in-read-only`);
    expect([status, body.error.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    const logged = lines.find(
      (line) => line.includes(body.meta.requestId) && line.includes('"severity":"ERROR"'),
    );
    expect(logged).toContain('@Transactional({ readOnly: false })');
    expect(await stored(key)).toBeUndefined();
  });

  it('refuses a write outside of any transaction', async () => {
    await expect(app.app.get(Counters).increment(randomUUID())).rejects.toThrow('outside a transaction');
  });

  it('runs the handler again with its input and its unit of work made anew', async () => {
    const key = randomUUID();
    expect((await app.post(`/counters/${key}/retry`, { words: ['a'] })).body.data).toEqual({ value: 1 });
    expect(attempts.get(key)).toEqual([['a'], ['a'], ['a']]);
    expect(await stored(key)).toBe(1);
  });

  it('answers 503 with Retry-After when the attempts run out, and has written nothing', async () => {
    const key = randomUUID();
    const { status, body, headers } = await app.post(`/counters/${key}/never`);
    expect([status, body.error.code, headers['retry-after']]).toEqual([503, 'CONTENTION', '1']);
    expect(attempts.get(key)).toHaveLength(3);
    expect(await stored(key)).toBeUndefined();
  });

  it('works outside of a request', async () => {
    const key = randomUUID();
    await app.app.get(Transactions).run({ readOnly: false }, () => app.app.get(Counters).increment(key));
    expect(await stored(key)).toBe(1);
  });
});

describe('answers in transactions', () => {
  @Document({ collection: 'tallies' })
  class Tally {
    @Key()
    id: string;

    @IsInt()
    count: number;
  }

  class TallyResponse {
    @IsString()
    id: string;

    @IsInt()
    count: number;
  }

  class TallyPath {
    @IsString()
    id: string;
  }

  class TallyBody {
    @IsOptional()
    @IsInt()
    by?: number;
  }

  @Injectable()
  class Tallies {
    constructor(@InjectRepository(Tally) private readonly tallies: Repository<Tally>) {}

    async count(id: string, by = 1): Promise<TallyResponse> {
      const tally = await this.tallies.getOrCreate({ id, count: 0 });
      tally.count += by;
      return { id, count: tally.count };
    }

    /** As a service would that others call with no transaction of their own. */
    @Transactional({ readOnly: false })
    async countAndFinish(id: string): Promise<never> {
      throw new RequestDone(await this.count(id), { status: 202 });
    }
  }

  @Public()
  @Controller('tallies/:id')
  class TalliesController {
    constructor(private readonly tallies: Tallies) {}

    @Post('wrong')
    @Transactional({ readOnly: false })
    @Responds(TallyResponse, { summary: 'Answers with what it does not declare' })
    async wrong(@Param() { id }: TallyPath): Promise<object> {
      return { ...(await this.tallies.count(id)), secret: 'x' };
    }

    @Post('done')
    @Transactional({ readOnly: false })
    @Responds(TallyResponse, { summary: 'Finishes early', otherStatuses: [202] })
    async done(@Param() { id }: TallyPath): Promise<never> {
      return this.tallies.countAndFinish(id);
    }

    @Post('done-in-service')
    @Responds(TallyResponse, { summary: 'Finishes early', otherStatuses: [202] })
    async doneInService(@Param() { id }: TallyPath): Promise<never> {
      return this.tallies.countAndFinish(id);
    }

    @Post('moved')
    @Transactional({ readOnly: false })
    @Responds(null, { summary: 'Redirects', status: 303 })
    async moved(@Param() { id }: TallyPath): Promise<never> {
      await this.tallies.count(id);
      throw new Redirect('/docs');
    }

    @Post()
    @Idempotent()
    @Transactional({ readOnly: false })
    @Responds(TallyResponse, { summary: 'Count', status: 201, errors: [Conflict] })
    async create(@Param() { id }: TallyPath, @Body() { by }: TallyBody): Promise<TallyResponse> {
      const tally = await this.tallies.count(id, by);
      if (tally.count < 0) throw new Conflict();
      return tally;
    }
  }

  @Module({
    imports: [FirestoreModule.forFeature([Tally])],
    controllers: [TalliesController],
    providers: [Tallies],
  })
  class TalliesModule {}

  let app: Setup;

  beforeAll(async () => {
    app = await setup({}, { imports: [TalliesModule] });
  });
  afterAll(() => app.close());
  afterEach(() => void jest.useRealTimers());

  const stored = async (id: string): Promise<unknown> =>
    (await app.app.get(Firestore).doc(`tallies/${id}`).get()).data()?.count;

  it('H6: one that the route does not declare writes nothing', async () => {
    const id = randomUUID();
    expect((await app.post(`/tallies/${id}/wrong`)).status).toBe(500);
    expect(await stored(id)).toBeUndefined();
  });

  it.each(['done', 'done-in-service'])('H9: %s commits', async (path) => {
    const id = randomUUID();
    const { status, body } = await app.post(`/tallies/${id}/${path}`);
    expect([status, body.data]).toEqual([202, { id, count: 1 }]);
    expect(await stored(id)).toBe(1);
  });

  it('H9: a redirect commits', async () => {
    const id = randomUUID();
    const { status, headers } = await app.post(`/tallies/${id}/moved`);
    expect([status, headers.location, await stored(id)]).toEqual([303, '/docs', 1]);
  });

  describe('H16: Idempotency-Key', () => {
    const count = (id: string, key: string, payload: object = {}) =>
      app.post(`/tallies/${id}`, payload, { headers: { 'idempotency-key': key } });

    it('a repeat gets the same answer and does nothing', async () => {
      const [id, key] = [randomUUID(), randomUUID()];
      const first = await count(id, key);
      const again = await count(id, key);
      expect([first.status, first.body.data]).toEqual([201, { id, count: 1 }]);
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect([first, again].map(({ headers }) => headers['idempotency-replayed'])).toEqual([
        undefined,
        'true',
      ]);
      expect(await stored(id)).toBe(1);
    });

    it('without a key, or with another, or on another path, it is another request', async () => {
      const [id, key] = [randomUUID(), randomUUID()];
      await count(id, key);
      await count(id, randomUUID());
      await app.post(`/tallies/${id}`, {});
      expect(await stored(id)).toBe(3);
      expect((await count(randomUUID(), key)).body.data.count).toBe(1);
    });

    it('another body with the same key is a 422', async () => {
      const [id, key] = [randomUUID(), randomUUID()];
      await count(id, key);
      const { status, body } = await count(id, key, { by: 2 });
      expect([status, body.error.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
      expect(await stored(id)).toBe(1);
    });

    it('of 50 at once one does the work; the others get its answer, or 409 while it runs', async () => {
      const [id, key] = [randomUUID(), randomUUID()];
      const answers = await Promise.all(Array.from({ length: 50 }, () => count(id, key)));
      expect(await stored(id)).toBe(1);
      for (const { status, body, headers } of answers) {
        if (status === 201) expect(body.data).toEqual({ id, count: 1 });
        else
          expect([status, body.error.code, headers['retry-after']]).toEqual([
            409,
            'IDEMPOTENCY_KEY_IN_USE',
            '1',
          ]);
      }
      expect(answers.some(({ status }) => status === 201)).toBe(true);
      expect((await count(id, key)).body.data).toEqual({ id, count: 1 });
    });

    it('an error stores nothing', async () => {
      const [id, key] = [randomUUID(), randomUUID()];
      expect((await count(id, key, { by: -1 })).status).toBe(409);
      await app.post(`/tallies/${id}`, { by: 5 });
      expect((await count(id, key, { by: -1 })).body.data.count).toBe(4);
    });

    it.each(['short', 'x'.repeat(129), 'with space', 'ü'.repeat(8)])('refuses the key %j', async (key) => {
      const { status, body } = await count(randomUUID(), key);
      expect([status, body.error.details.errors[0].field]).toEqual([400, 'idempotency-key']);
    });

    it('forgets after 24 hours', async () => {
      const [id, key] = [randomUUID(), randomUUID()];
      await count(id, key);
      passTime(25 * 3_600_000);
      expect((await count(id, key)).body.data.count).toBe(2);
    });
  });
});
