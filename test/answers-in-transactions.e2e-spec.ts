import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Body, Controller, Injectable, Module, Param, Post } from '@nestjs/common';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { Firestore } from 'firebase-admin/firestore';
import { Public } from '../src/core/auth/access.decorators.js';
import { Conflict } from '../src/core/errors/errors.js';
import { Document, Key } from '../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../src/core/firestore/repository.js';
import { Transactional } from '../src/core/firestore/transactional.decorator.js';
import { Idempotent } from '../src/core/http/idempotency.js';
import { Redirect, RequestDone } from '../src/core/http/short-circuit.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';
import { passTime } from './support/time.js';

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

describe('answers in transactions', () => {
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
