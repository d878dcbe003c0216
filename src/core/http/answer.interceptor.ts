import { type CallHandler, type ExecutionContext, Injectable } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { routeContractOf } from '../routing/route-contract.js';
import { Answers } from './answers.js';
import type { PromiseInterceptor } from './route-handlers.js';

/** Checks and wraps what handlers return. In a transaction its interceptor does, before the commit. */
@Injectable()
export class AnswerInterceptor implements PromiseInterceptor {
  constructor(private readonly answers: Answers) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (!isAnsweredHere(context)) return next.handle();
    return from(this.around(context, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }

  async around(context: ExecutionContext, next: () => unknown): Promise<unknown> {
    if (!isAnsweredHere(context)) return next();
    return this.answers.bodyOf(await this.answers.resultOf(context, next), context);
  }
}

function isAnsweredHere(context: ExecutionContext): boolean {
  if (context.getType() !== 'http') return false;
  const { transaction, isEventStream } = routeContractOf(context);
  return !transaction && !isEventStream;
}
