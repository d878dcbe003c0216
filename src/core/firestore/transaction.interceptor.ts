import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { type TransactionOptions, Transactions } from './transactions.js';

export const TRANSACTIONAL = Symbol('transactional');

/** Runs the handler, and its pipes, in a transaction; see `@Transactional()`. */
@Injectable()
export class TransactionInterceptor implements NestInterceptor {
  constructor(
    private readonly transactions: Transactions,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const targets = [context.getHandler(), context.getClass()];
    const options = this.reflector.getAllAndOverride<TransactionOptions>(TRANSACTIONAL, targets);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const { statusCode } = reply;
    const answer = this.transactions.run(options, async (unit) => {
      reply.code(statusCode); // as it was before an earlier attempt
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      if (reply.statusCode >= 400) unit.discard();
      return result;
    });
    return from(answer);
  }
}
