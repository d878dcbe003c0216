import { type CallHandler, type ExecutionContext, Injectable } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { routeContractOf } from '../routing/route-contract.js';
import { Answers } from './answers.js';
import { isThenable } from './route-arguments.js';
import type { PromiseInterceptor } from './route-handlers.js';

/** Checks and wraps what handlers return. In a transaction its interceptor does, before the commit. */
@Injectable()
export class AnswerInterceptor implements PromiseInterceptor {
  constructor(private readonly answers: Answers) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (!isAnsweredHere(context)) return next.handle();
    const handle = () => lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(Promise.try(() => this.around(context, handle)));
  }

  around(context: ExecutionContext, next: () => unknown): unknown {
    if (!isAnsweredHere(context)) return next();
    const result = this.answers.resultOf(context, next);
    if (!isThenable(result)) return this.answers.bodyOf(result, context);
    return result.then((settled) => this.answers.bodyOf(settled, context));
  }
}

function isAnsweredHere(context: ExecutionContext): boolean {
  if (context.getType() !== 'http') return false;
  const { transaction, isEventStream } = routeContractOf(context);
  return !transaction && !isEventStream;
}
