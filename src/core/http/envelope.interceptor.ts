import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Page } from '../pagination/page.js';
import { routeContractOf } from '../routing/route-contract.js';
import { type APIResponse, metaOf } from './envelope.js';

/** Wraps what a handler returns into {@link APIResponse}. Routes outside the API (`@Responds(..., { envelope: false })`) pass. */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { response } = routeContractOf(context);
    if (response?.envelope !== true) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return next.handle().pipe(map((result) => envelope(result, request.id)));
  }
}

function envelope(result: unknown, requestId: string): APIResponse<unknown> {
  const meta = metaOf(requestId);
  if (!(result instanceof Page)) return { success: true, data: result, meta };
  return { success: true, data: result.items, meta: { ...meta, pagination: result.pagination } };
}
