import { replyOf } from '../http/http-context.js';
import { type CallHandler, type ExecutionContext, Injectable } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Answers } from '../http/answers.js';
import type { PromiseInterceptor } from '../http/route-handlers.js';
import { routeContractOf } from '../routing/route-contract.js';
import { hooksOf, preparation } from './transactional-method.js';
import { Transactions } from './transactions.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Runs the handler, and its pipes, in a transaction; see `@Transactional()`. */
@Injectable()
export class TransactionInterceptor implements PromiseInterceptor {
  constructor(
    private readonly transactions: Transactions,
    private readonly answers: Answers,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.around(context, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }

  async around(context: ExecutionContext, next: () => Promise<unknown>): Promise<unknown> {
    const handle = async () => (context.getType() === 'http' ? this.answers.resultOf(context, next) : next());
    const prototype = context.getClass().prototype as object;
    const hasPreparation = hooksOf(prototype, context.getHandler().name).beforeTransaction !== undefined;
    if (!hasPreparation) return this.inTransaction(context, handle);
    // Once for the hook alone, with the handler's arguments; then, in the transaction, for the handler.
    const prepareAndHandle = async () => {
      await handle();
      return this.inTransaction(context, handle);
    };
    return preparation.run({ isDone: false }, prepareAndHandle);
  }

  private async inTransaction(context: ExecutionContext, handle: () => Promise<unknown>): Promise<unknown> {
    const options = routeContractOf(context).transaction!;
    if (context.getType() !== 'http') return this.transactions.run(options, handle);
    const reply = replyOf(context);
    const { statusCode } = reply;
    let body: unknown;
    let isFinal = false;
    const work = async (unit: UnitOfWork | undefined) => {
      reply.code(statusCode); // as it was before an earlier attempt
      const handled = await handle();
      if (reply.statusCode >= 400) unit?.discard();
      // The last hook before the commit: an answer that is not what the route declares writes nothing.
      unit?.onBeforeCommit((answer) => {
        body = this.answers.bodyOf(answer, context);
        this.answers.keep(answer, body, context);
        isFinal = unit.afterCommitHooks.length === 0;
      });
      return handled;
    };
    const result = await this.answers.once(context, () => this.transactions.run(options, work));
    return isFinal ? body : this.answers.bodyOf(result, context);
  }
}
