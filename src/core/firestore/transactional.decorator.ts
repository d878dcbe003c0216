import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { TransactionInterceptor, TRANSACTIONAL } from './transaction.interceptor.js';
import type { TransactionOptions } from './transactions.js';

/**
 * Runs the handler in one Firestore transaction, in which everything that it touches through {@link Database} takes
 * part. Read-only unless `{ readOnly: false }`. On contention the handler runs again, its DTOs made anew. Nothing is
 * written when the answer is an error, thrown or set.
 */
export const Transactional = (options: TransactionOptions = {}): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(TRANSACTIONAL, options), UseInterceptors(TransactionInterceptor));
