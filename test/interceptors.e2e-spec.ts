import { setImmediate } from 'node:timers/promises';
import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Module,
  type NestInterceptor,
  Param,
  type PipeTransform,
  Query,
  Sse,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { map, type Observable, of } from 'rxjs';
import { Public } from '../src/core/auth/access.decorators.js';
import { BadRequest, Forbidden } from '../src/core/errors/errors.js';
import { Responds } from '../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './support/setup.js';

class Item {
  @IsInt()
  id: number;

  @IsString()
  name: string;
}

class Doubling implements NestInterceptor<Item> {
  intercept(_context: ExecutionContext, next: CallHandler<Item>): Observable<Item> {
    return next.handle().pipe(map((item) => ({ ...item, id: item.id * 2 })));
  }
}

class Asking implements CanActivate {
  canActivate(context: ExecutionContext): Observable<boolean> {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    return of(headers['x-guard'] !== 'no');
  }
}

class Slowly implements PipeTransform<string, Promise<number>> {
  async transform(value: string): Promise<number> {
    await setImmediate();
    if (!/^\d+$/.test(value)) throw new BadRequest({ message: `${value} is no number` });
    return Number(value);
  }
}

let calledThrough = '';

@Public()
@Controller('intercepted')
class InterceptedController {
  @Get('plain')
  @Responds(Item, { summary: 'No interceptor of its own' })
  plain(): Item {
    calledThrough = new Error().stack!;
    return { id: 1, name: 'plain' };
  }

  @Get('doubled')
  @UseInterceptors(Doubling)
  @Responds(Item, { summary: "An interceptor of Nest's usual kind" })
  doubled(): Item {
    calledThrough = new Error().stack!;
    return { id: 1, name: 'doubled' };
  }

  @Get('slow/:number')
  @UseGuards(Asking)
  @Responds(Item, { summary: 'Waits for guard and arguments', errors: [BadRequest, Forbidden] })
  slow(@Param('number', Slowly) number: number, @Query('by', Slowly) by: number): Item {
    calledThrough = new Error().stack!;
    return { id: number * by, name: 'slow' };
  }

  @Get('observable')
  @Responds(Item, { summary: 'Returns an Observable' })
  observable(): Observable<Item> {
    return of({ id: 1, name: 'first' }, { id: 2, name: 'last' });
  }

  @Sse('events')
  events(): Observable<{ data: string }> {
    return of({ data: 'a' }, { data: 'b' });
  }
}

@Module({ controllers: [InterceptedController] })
class InterceptedModule {}

describe('interceptors', () => {
  let app: Setup;

  beforeAll(async () => {
    app = await setup({}, { imports: [InterceptedModule] });
  });
  afterAll(() => app.close());

  it('are called without Observables, which cost more than the rest of the way', async () => {
    Error.stackTraceLimit = 100;
    const { body } = await app.get('/intercepted/plain');
    expect(body.data).toEqual({ id: 1, name: 'plain' });
    expect(calledThrough).toContain('answer.interceptor');
    expect(calledThrough).not.toContain('rxjs');
    // Otherwise Nest has changed: see handleRoutesAtOnce.
    expect(calledThrough).not.toContain('router-execution-context');
  });

  it('may be of the usual kind on a route', async () => {
    const { body } = await app.get('/intercepted/doubled');
    expect(body).toMatchObject({ success: true, data: { id: 2, name: 'doubled' } });
    expect(calledThrough).toContain('rxjs');
  });

  it('take the last value of an Observable', async () => {
    expect((await app.get('/intercepted/observable')).body.data).toEqual({ id: 2, name: 'last' });
  });

  it('come after a guard that answers with an Observable, and before pipes that take their time', async () => {
    const { body } = await app.get('/intercepted/slow/3?by=4');
    expect(body.data).toEqual({ id: 12, name: 'slow' });
    expect(calledThrough).not.toContain('router-execution-context');
    expect((await app.get('/intercepted/slow/3?by=4', { headers: { 'x-guard': 'no' } })).status).toBe(403);
    expect((await app.get('/intercepted/slow/none?by=none')).body.error.message).toBe('none is no number');
  });

  it('leave a stream of events alone', async () => {
    const { headers, body } = await app.app.inject('/api/v1/intercepted/events');
    expect(headers['content-type']).toContain('text/event-stream');
    expect(body.match(/^data: .*$/gm)).toEqual(['data: a', 'data: b']);
  });
});
