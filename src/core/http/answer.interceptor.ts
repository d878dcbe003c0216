import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, type Observable } from 'rxjs';
import { routeContractOf } from '../routing/route-contract.js';
import { Answers } from './answers.js';

/** Checks and wraps what handlers return. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  constructor(private readonly answers: Answers) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    if (routeContractOf(context).isEventStream) return next.handle();
    return from(this.answers.of(context, next));
  }
}
