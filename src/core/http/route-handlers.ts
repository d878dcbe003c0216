import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  type INestApplication,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { RouteParamtypes } from '@nestjs/common/internal';
import {
  type ContextUtils,
  ExecutionContextHost,
  FORBIDDEN_MESSAGE,
  type GuardsContextCreator,
  type InterceptorsContextCreator,
  type PipesContextCreator,
} from '@nestjs/core/internal.js';
import type { ExceptionsHandler } from '@nestjs/core/exceptions/exceptions-handler.js';
import type { HandlerMetadata } from '@nestjs/core/helpers/handler-metadata-storage.js';
import type { RouterProxy } from '@nestjs/core/router/router-proxy.js';
import type { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isObservable, lastValueFrom } from 'rxjs';
import { argumentsOf, isThenable, type Parameter } from './route-arguments.js';

/** An interceptor that can do without Observables. */
export interface PromiseInterceptor extends NestInterceptor {
  /**
   * As `intercept`; it gives a value or a promise, or throws.
   * @param next runs what comes behind: further interceptors, pipes, the handler; it gives a value or a promise, or throws
   */
  around(context: ExecutionContext, next: () => unknown): unknown;
}

type Create = RouterExecutionContext['create'];

/** What Nest makes its handlers of. It has no setting for it. */
interface PrivateParts {
  contextUtils: ContextUtils;
  guardsContextCreator: GuardsContextCreator;
  interceptorsContextCreator: InterceptorsContextCreator;
  pipesContextCreator: PipesContextCreator;
}

type Handle = (request: FastifyRequest, reply: FastifyReply, next: () => void) => unknown;

type Parts = PrivateParts & Omit<RouterExecutionContext, keyof PrivateParts>;

/** Where Nest keeps them. */
interface Internals {
  routesResolver?: {
    routerProxy?: Partial<RouterProxy>;
    routerExplorer?: { executionContextCreator?: Partial<PrivateParts> };
  };
}

/**
 * Makes each route's handler of Nest's own guards, pipes and interceptors, in Nest's order, as one function that
 * waits only for what does not answer at once. Nest's own handlers make eight promises, an array and a subject for each
 * request, three promises more for each argument with a pipe, and a chain of Observables of the interceptors.
 *
 * A route with an interceptor that is no {@link PromiseInterceptor}, or with `@Sse()`, `@Header()`, `@Redirect()` or
 * `@Render()`, goes Nest's way; so do all when Nest has changed. They work the same then, slower.
 */
export function handleRoutesAtOnce(app: INestApplication): void {
  const { routerProxy, routerExplorer } = (app as unknown as Internals).routesResolver ?? {};
  const parts = routerExplorer?.executionContextCreator;
  if (!isAsKnown(parts)) return;
  if (routerProxy) routerProxy.createProxy = withFilters as RouterProxy['createProxy'];
  const create: Create = parts.create.bind(parts);
  parts.create = (...route) => handlerOf(parts, route) ?? create(...route);
}

/** Hands what a handler throws to the exception filters, as Nest does; makes no promise for an answer that has left. */
function withFilters(handle: Handle, filters: ExceptionsHandler): Handle {
  return (request, reply, next) => {
    const fail = (error: unknown) => {
      filters.next(error as Error, new ExecutionContextHost([request, reply, next]));
      return reply; // a thenable: the answer may take its time
    };
    try {
      const result = handle(request, reply, next);
      if (isThenable(result)) return result.then(() => undefined, fail);
      return reply.sent ? undefined : Promise.resolve();
    } catch (error) {
      return fail(error);
    }
  };
}

function isAsKnown(parts: Partial<PrivateParts> | undefined): parts is Parts {
  const { contextUtils, guardsContextCreator, interceptorsContextCreator, pipesContextCreator } = parts ?? {};
  return Boolean(contextUtils && guardsContextCreator && interceptorsContextCreator && pipesContextCreator);
}

function handlerOf(parts: Parts, route: Parameters<Create>): ReturnType<Create> | undefined {
  const [instance, callback, method, module, requestMethod, contextId, inquirerId] = route;
  const scope = [instance, callback, module, contextId, inquirerId] as const;
  const metadata = parts.getMetadata(instance, callback, method, module, requestMethod, 'http');
  const interceptors = parts.interceptorsContextCreator.create(...scope);
  const answersOtherwise =
    metadata.isSseHandler ||
    metadata.hasCustomHeaders ||
    parts.reflectRedirect(callback) ||
    parts.reflectRenderTemplate(callback);
  if (answersOtherwise || !interceptors.every(isPromiseInterceptor)) return undefined;
  const guards = parts.guardsContextCreator.create(...scope);
  const pipes = parts.pipesContextCreator.create(...scope);
  const declared = metadata.getParamsMetadata(module, contextId, inquirerId);
  const parameters: Parameter[] = parts.contextUtils.mergeParamsMetatypes(declared, metadata.paramtypes);
  const read = argumentsOf(parameters, pipes, ({ type }) => parts.isPipeable(type));
  const answer = answerOf(metadata, parameters);

  const proceed = (context: ExecutionContext, ...[request, reply, next]: Parameters<Handle>): unknown => {
    reply.status(metadata.httpStatusCode);
    const run = (at: number): unknown => {
      if (at < interceptors.length) return interceptors[at]!.around(context, () => run(at + 1));
      const values = read(request, reply, next);
      if (!(values instanceof Promise)) return callback.apply(instance, values);
      return values.then((all) => callback.apply(instance, all));
    };
    const result = run(0);
    if (!isThenable(result)) return answer(result, reply, request);
    return result.then((value) => answer(value, reply, request));
  };
  const handler: Handle = (request, reply, next) => {
    const context = new ExecutionContextHost([request, reply, next], instance.constructor as Type, callback);
    const passed = pass(guards, context);
    if (!passed) return proceed(context, request, reply, next);
    return passed.then(() => proceed(context, request, reply, next));
  };
  return handler as unknown as ReturnType<Create>;
}

/** Asks the guards in turn; undefined where every one answered at once. */
function pass(guards: CanActivate[], context: ExecutionContext, from = 0): Promise<void> | undefined {
  for (let at = from; at < guards.length; at++) {
    const verdict = guards[at]!.canActivate(context);
    if (verdict === true) continue;
    return settled(verdict).then((allows) => (allows ? pass(guards, context, at + 1) : refuse()));
  }
  return undefined;
}

/** Sends text, as most answers are here, by itself; leaves everything else, and a reply the handler asked for, to Nest. */
function answerOf(
  { fnHandleResponse }: HandlerMetadata,
  parameters: Parameter[],
): (result: unknown, reply: FastifyReply, request: FastifyRequest) => unknown {
  const handle = fnHandleResponse as (result: unknown, reply: unknown, request: unknown) => unknown;
  const taken = [RouteParamtypes.RESPONSE, RouteParamtypes.NEXT] as unknown[];
  if (parameters.some(({ type }) => taken.includes(type))) return handle;
  return (result, reply, request) => {
    if (typeof result !== 'string') return handle(result, reply, request);
    reply.send(result);
    return reply.sent ? undefined : reply; // a thenable, to wait for: a hook may take its time, as compression does
  };
}

function refuse(): never {
  throw new ForbiddenException(FORBIDDEN_MESSAGE);
}

/** A guard's verdict, whichever of the three kinds that Nest allows it is. */
async function settled(verdict: ReturnType<CanActivate['canActivate']>): Promise<boolean> {
  const value: unknown = await verdict;
  return Boolean(isObservable(value) ? await lastValueFrom(value) : value);
}

const isPromiseInterceptor = (interceptor: NestInterceptor): interceptor is PromiseInterceptor =>
  'around' in interceptor;
