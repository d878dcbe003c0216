import { type CanActivate, Controller, Get, HttpException, Module, Param, UseGuards } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsArray, IsDate, IsIn, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { ApiProperty } from '../src/core/openapi/api.decorators.js';
import { Public } from '../src/core/auth/access.decorators.js';
import { Conflict, DynamicError, Forbidden } from '../src/core/errors/errors.js';
import { Redirect, RequestDone } from '../src/core/http/short-circuit.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';
import { createAdmin, registerUser } from './support/users.js';

class Tag {
  @IsString()
  name: string;
}

class Item {
  @IsInt()
  id: number;

  @IsOptional()
  @IsIn(['red', 'green'])
  color?: 'red' | 'green';

  @IsOptional()
  @IsDate()
  at?: Date;

  @ApiProperty({ nullable: true })
  @IsOptional()
  @IsString()
  note?: string | null;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Tag)
  tags?: Tag[];
}

/** What the next answer is. */
let result: unknown;
let thrown: Error | undefined;

class Case {
  @IsString()
  name: string;
}

class FinishingGuard implements CanActivate {
  canActivate(): never {
    throw new RequestDone({ id: 7 });
  }
}

@Public()
@Controller('answers')
class AnswersController {
  @Get('item')
  @Responds(Item, { summary: 'One', errors: [Conflict], otherStatuses: [202, 303] })
  item(): unknown {
    if (thrown) throw thrown;
    return result;
  }

  @Get('items')
  @Responds([Item], { summary: 'Several' })
  items(): unknown {
    return result;
  }

  @Get('nothing')
  @Responds(null, { summary: 'No body', errors: [DynamicError] })
  nothing(): unknown {
    if (thrown) throw thrown;
    return result;
  }

  @Get('text')
  @Responds('text/csv', { summary: 'Text' })
  text(): unknown {
    return result;
  }

  @Get('guarded')
  @UseGuards(FinishingGuard)
  @Responds(Item, { summary: 'Finished by its guard' })
  guarded(): void {}

  @Get('input/:name')
  @Responds(null, { summary: 'Has input' })
  input(@Param() _case: Case): void {}

  @Get('undeclared')
  undeclared(): object {
    return {};
  }
}

@Module({ controllers: [AnswersController] })
class AnswersModule {}

const PRODUCTION = {
  NODE_ENV: 'production',
  FIRESTORE_MODE: 'embedded',
  DATA_DIRECTORY: ':memory:',
  JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789',
  ALLOWED_ORIGINS: 'https://app.example.com',
};

describe.each([
  ['outside production', {}],
  ['in production', PRODUCTION],
])('answers, %s', (_name, environment: Record<string, string>) => {
  const isProduction = environment.NODE_ENV === 'production';
  let app: Setup;
  const lines: string[] = [];

  beforeAll(async () => {
    const logDestination = { write: (line: string) => void lines.push(line) };
    app = await setup({ LOG_LEVEL: 'info', ...environment }, { imports: [AnswersModule], logDestination });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    lines.length = 0;
    result = thrown = undefined;
  });

  const returning = (value: unknown, path = 'item') => {
    result = value;
    return app.get(`/answers/${path}`);
  };
  const throwing = (value: Error, path = 'item') => {
    thrown = value;
    return app.get(`/answers/${path}`);
  };
  const log = () => lines.join('\n');

  describe('H6: what the route declares, and nothing else', () => {
    it.each([
      { id: 1 },
      { id: 1, color: 'red', at: new Date(0), note: null, tags: [{ name: 'a' }] },
      { id: 1, color: undefined, tags: [] },
    ])('passes %j', async (value) => {
      const { status, body } = await returning(value);
      expect(status).toBe(200);
      expect(body.data).toEqual(JSON.parse(JSON.stringify(value)));
      expect(log()).not.toContain('does not answer what it declares');
    });

    it.each([
      [{}, 'data.id is missing', {}],
      [{ id: '1' }, 'data.id must be an integer', { id: '1' }],
      [{ id: 1, color: 'blue' }, 'data.color must be one of red, green', { id: 1, color: 'blue' }],
      [{ id: 1, at: 'now' }, 'data.at must be a valid Date', { id: 1, at: 'now' }],
      [{ id: 1, passwordHash: 'x' }, 'data.passwordHash is not declared', { id: 1 }],
      [{ id: 1, note: { passwordHash: 'x' } }, 'data.note must be a string', { id: 1 }],
      [
        { id: 1, tags: [{ name: 'a', secret: 1 }] },
        'tags[0].secret is not',
        { id: 1, tags: [{ name: 'a' }] },
      ],
      [{ id: 1, tags: { secret: 1 } }, 'data.tags must be an array', { id: 1 }],
      [[{ id: 1, secret: 1 }], 'data must be an object', undefined],
      [undefined, 'data must be an object', null],
    ])('does not let %j through as it is', async (value, problem, stripped) => {
      const { status, body } = await returning(value);
      // A route is reported once a minute: the first of these is enough for production.
      if (isProduction) expect([status, body.data ?? null]).toEqual([200, stripped ?? null]);
      else {
        expect([status, body.error.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
        expect(log()).toContain('GET /api/v1/answers/item does not answer what it declares');
        expect(log()).toContain(problem);
      }
    });

    it('reports a mismatch where it does not refuse it, once a minute for each route', async () => {
      await returning([{ id: 1, secret: 1 }, { id: 'x' }], 'items');
      const problems = 'data[0].secret is not declared; data[1].id must be an integer';
      expect(log()).toContain(problems);
      if (!isProduction) return;
      await returning([{ id: 'x' }], 'items');
      expect(lines.filter((line) => line.includes('does not answer what it declares'))).toHaveLength(1);
    });

    it('has no body where none is declared', async () => {
      expect(await returning(undefined, 'nothing')).toMatchObject({ status: 204, body: undefined });
      const { status, body } = await returning({ id: 1 }, 'nothing');
      if (isProduction) expect([status, body]).toEqual([204, undefined]);
      else expect(status).toBe(500);
      const undeclared = await app.get('/answers/undeclared');
      if (isProduction) expect(undeclared.body).toBeUndefined();
      else expect(log()).toContain('add @Responds(...)');
    });

    it('sends text as it is', async () => {
      result = 'a,b\n';
      const response = await app.app.inject('/api/v1/answers/text');
      expect([response.headers['content-type'], response.body]).toEqual(['text/csv; charset=utf-8', 'a,b\n']);
    });
  });

  describe('H8: errors are part of the route', () => {
    it('answers with a declared one, and with those that its kind brings', async () => {
      expect(await throwing(new Conflict())).toMatchObject({
        status: 409,
        body: { error: { code: 'CONFLICT' } },
      });
      expect(
        (await throwing(new DynamicError({ status: 418, code: 'TEAPOT', message: 'x' }), 'nothing')).status,
      ).toBe(418);
    });

    class OutOfPaper extends Conflict {
      static override readonly code = 'OUT_OF_PAPER';
    }

    it.each([
      [new OutOfPaper({ message: 'Tray 3' }), 409, 'CONFLICT'],
      [new Forbidden(), 403, 'FORBIDDEN'],
      [new DynamicError({ status: 418, code: 'TEAPOT', message: 'Short' }), 418, 'I_M_A_TEAPOT'],
      [new HttpException('Pay first', 402), 402, 'PAYMENT_REQUIRED'],
    ])('%p, which is not declared, is a fault', async (error, status, code) => {
      const { status: answered, body } = await throwing(error);
      if (isProduction) {
        expect([answered, body.error.code]).toEqual([status, code]);
        expect(JSON.stringify(body)).not.toMatch(/Tray|Short|Pay first/);
      } else {
        expect([answered, body.error.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
        expect(body.error.message).toContain('GET /api/v1/answers/item threw');
      }
      expect(log()).toContain('which it does not declare');
    });
  });

  describe('H9: finishing early', () => {
    it('answers with the data thrown, checked like the data returned', async () => {
      expect(await throwing(new RequestDone({ id: 2 }))).toMatchObject({
        status: 200,
        body: { data: { id: 2 } },
      });
      expect(await throwing(new RequestDone({ id: 2 }, { status: 202 }))).toMatchObject({ status: 202 });
      const { status, body } = await throwing(new RequestDone({ id: 2, secret: 1 }));
      if (isProduction) expect(body.data).toEqual({ id: 2 });
      else expect(status).toBe(500);
    });

    it('only with a status that is declared', async () => {
      const { status } = await throwing(new RequestDone({ id: 2 }, { status: 201 }));
      expect(status).toBe(isProduction ? 201 : 500);
    });

    it('may be the doing of a guard', async () => {
      expect(await app.get('/answers/guarded')).toMatchObject({ status: 200, body: { data: { id: 7 } } });
    });

    it('redirects within the service', async () => {
      const { status, headers, body } = await throwing(new Redirect('/docs'));
      expect([status, headers.location, body]).toEqual([303, '/docs', undefined]);
    });

    it.each([
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'https://evil.example/',
      'javascript:alert(1)',
    ])('redirects not to %j', async (url) => {
      const { status, headers } = await throwing(new Redirect(url));
      expect([status, headers.location]).toEqual([500, undefined]);
      expect(log()).toContain('ALLOWED_ORIGINS');
    });

    it('redirects to the web applications, and elsewhere when told that no caller chose it', async () => {
      const { status } = await throwing(new Redirect('https://app.example.com/welcome'));
      expect(status).toBe(isProduction ? 303 : 500); // ALLOWED_ORIGINS is set in the one, and not in the other
      const { headers } = await throwing(Redirect.external('https://accounts.example/sign-in'));
      expect(headers.location).toBe('https://accounts.example/sign-in');
    });
  });
});

describe('H17: conditional requests', () => {
  let app: Setup;

  beforeAll(async () => {
    app = await setup();
  });
  afterAll(() => app.close());

  const registered = async () => {
    const { user, token } = await registerUser(app);
    const path = `/users/${user.id}`;
    const { headers } = await app.get(path, { token });
    return { path, token, tag: headers.etag as string };
  };

  it('a single resource has a strong tag, the same until it changes', async () => {
    const { path, token, tag } = await registered();
    expect(tag).toMatch(/^"[\w-]{27}"$/);
    expect((await app.get(path, { token })).headers.etag).toBe(tag);
    const changed = await app.patch(path, { firstName: 'Grace' }, { token });
    expect(changed.headers.etag).not.toBe(tag);
    expect((await app.get(path, { token })).headers.etag).toBe(changed.headers.etag);
  });

  it('If-None-Match with the tag gives 304 and no body', async () => {
    const { path, token, tag } = await registered();
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const { status, body, headers } = await app.get(path, { token, headers: { 'if-none-match': known } });
      expect([status, body, headers.etag]).toEqual([304, undefined, tag]);
    }
    expect((await app.get(path, { token, headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('If-Match lets through who knows the current state, and nobody else', async () => {
    const { path, token, tag } = await registered();
    const change = (known: string, firstName: string) =>
      app.patch(path, { firstName }, { token, headers: { 'if-match': known } });
    for (const known of ['"other"', `W/${tag}`]) {
      const { status, body } = await change(known, 'Lost');
      expect([status, body.error.code]).toEqual([412, 'PRECONDITION_FAILED']);
    }
    const first = await change(tag, 'Grace');
    expect([first.status, first.body.data.firstName]).toEqual([200, 'Grace']);
    expect((await change(tag, 'Lost')).status).toBe(412);
    expect((await change(first.headers.etag as string, 'Barbara')).status).toBe(200);
    expect((await change('*', 'Any')).status).toBe(200);
  });

  it('of 10 changes at once that know the same state exactly one wins', async () => {
    const { path, token, tag } = await registered();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        app.patch(path, { firstName: `Name ${index}` }, { token, headers: { 'if-match': tag } }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 412, 503].includes(status))).toBe(true);
    expect((await app.get(path, { token })).body.data.firstName).toBe(won[0]!.body.data.firstName);
  });

  it('deletes only what the caller has seen', async () => {
    const { path, token, tag } = await registered();
    const { token: admin } = await createAdmin(app);
    await app.patch(path, { firstName: 'Grace' }, { token });
    const remove = (known: string) => app.delete(path, { token: admin, headers: { 'if-match': known } });
    expect((await remove(tag)).status).toBe(412);
    const { headers } = await app.get(path, { token: admin });
    expect((await remove(headers.etag as string)).status).toBe(204);
    expect((await remove('*')).status).toBe(404);
    expect((await app.patch(path, { firstName: 'Late' }, { token: admin })).status).toBe(404);
  });
});
