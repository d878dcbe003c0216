import { SetMetadata, UseInterceptors } from '@nestjs/common';
import { TransactionInterceptor } from './transaction.interceptor.js';
import { inTransaction, TRANSACTIONAL } from './transactional-method.js';
import type { TransactionOptions } from './transactions.js';

/**
 * Runs a method in one Firestore transaction, in which everything that it touches through repositories takes part,
 * without passing it around. Read-only unless `{ readOnly: false }`.
 *
 * On a handler, or on a controller for all of its handlers: on contention the handler runs again, its DTOs made anew,
 * and nothing is written when the answer is an error, thrown or set. On a method of any provider: joins the running
 * transaction, or starts one.
 * @throws {Contention} when all attempts met contention
 */
export const Transactional = (options: TransactionOptions = {}): MethodDecorator & ClassDecorator => {
  if (options.inconsistentReads && options.readOnly === false) {
    throw new Error('@Transactional({ inconsistentReads: true }) only reads; leave out readOnly: false.');
  }
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (descriptor) descriptor.value = inTransaction(target, String(name), descriptor.value as never);
    const decorated = [target, name!, descriptor!] as const;
    (SetMetadata(TRANSACTIONAL, options) as MethodDecorator)(...decorated);
    (UseInterceptors(TransactionInterceptor) as MethodDecorator)(...decorated);
  };
};
