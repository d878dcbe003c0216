import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { hooksOf, preparation, TRANSACTIONAL } from './transactional-method.js';
import { type TransactionOptions, Transactions } from './transactions.js';

export { TRANSACTIONAL } from './transactional-method.js';

/** Runs the handler, and its pipes, in a transaction; see `@Transactional()`. */
@Injectable()
export class TransactionInterceptor implements NestInterceptor {
  constructor(
    private readonly transactions: Transactions,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handle = () => lastValueFrom(next.handle(), { defaultValue: undefined });
    const prototype = context.getClass().prototype as object;
    const hasPreparation = hooksOf(prototype, context.getHandler().name).beforeTransaction !== undefined;
    if (!hasPreparation) return from(this.inTransaction(context, handle));
    // Once for the hook alone, with the handler's arguments; then, in the transaction, for the handler.
    const prepareAndHandle = async () => {
      await handle();
      return this.inTransaction(context, handle);
    };
    return from(preparation.run({ isDone: false }, prepareAndHandle));
  }

  private inTransaction(context: ExecutionContext, handle: () => Promise<unknown>): Promise<unknown> {
    const targets = [context.getHandler(), context.getClass()];
    const options = this.reflector.getAllAndOverride<TransactionOptions>(TRANSACTIONAL, targets);
    if (context.getType() !== 'http') return this.transactions.run(options, handle);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const { statusCode } = reply;
    return this.transactions.run(options, async (unit) => {
      reply.code(statusCode); // as it was before an earlier attempt
      const result = await handle();
      if (reply.statusCode >= 400) unit?.discard();
      return result;
    });
  }
}
