import type { ExecutionContext, INestApplication, NestInterceptor } from '@nestjs/common';
import { InterceptorsConsumer } from '@nestjs/core/internal.js';

/** An interceptor that can do without Observables. */
export interface PromiseInterceptor extends NestInterceptor {
  /** As `intercept`, in promises. `next` runs what comes behind: further interceptors, pipes, the handler. */
  around(context: ExecutionContext, next: () => Promise<unknown>): Promise<unknown>;
}

/**
 * Runs a route's interceptors as plain calls when each of them is a {@link PromiseInterceptor}. Nest's own way, a chain of
 * Observables made anew for each request, costs as much as all else that Nest does for it. A route with another kind of
 * interceptor goes that way.
 */
class PromiseInterceptorsConsumer extends InterceptorsConsumer {
  override intercept(
    ...[interceptors, args, instance, callback, next, type]: Parameters<InterceptorsConsumer['intercept']>
  ): Promise<unknown> {
    if (type !== 'http' || !interceptors.every(isPromiseInterceptor)) {
      return super.intercept(interceptors, args, instance, callback, next, type);
    }
    const context = this.createContext(args, instance, callback);
    const run = (at: number): Promise<unknown> =>
      at < interceptors.length ? interceptors[at]!.around(context, () => run(at + 1)) : next();
    return run(0);
  }
}

const isPromiseInterceptor = (interceptor: NestInterceptor): interceptor is PromiseInterceptor =>
  'around' in interceptor;

/** Where Nest keeps what runs interceptors. It has no setting for it. */
interface Internals {
  routesResolver: {
    routerExplorer: { executionContextCreator: { interceptorsConsumer: InterceptorsConsumer } };
  };
}

/** Without it everything works the same, slower. */
export function runInterceptorsByPromise(app: INestApplication): void {
  const { routesResolver } = app as unknown as Internals;
  routesResolver.routerExplorer.executionContextCreator.interceptorsConsumer =
    new PromiseInterceptorsConsumer();
}
