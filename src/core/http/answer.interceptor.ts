import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, type Observable } from 'rxjs';
import { routeContractOf } from '../routing/route-contract.js';
import { Answers } from './answers.js';

/** Checks and wraps what handlers return. In a transaction its interceptor does, before the commit. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  constructor(private readonly answers: Answers) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { isTransactional, isEventStream } = routeContractOf(context);
    return isTransactional || isEventStream ? next.handle() : from(this.answer(context, next));
  }

  private async answer(context: ExecutionContext, next: CallHandler): Promise<unknown> {
    return this.answers.bodyOf(await this.answers.resultOf(context, next), context);
  }
}
