import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject } from '@nestjs/common';
import { type TransactionOptions, Transactions } from './transactions.js';

/** Metadata of a handler, a controller or a method: its {@link TransactionOptions}. */
export const TRANSACTIONAL = Symbol('transactional');

/** Names of a class's methods that are hooks of one of its handlers. */
export interface HandlerHooks {
  beforeTransaction?: string;
  beforeCommit: readonly string[];
  afterCommit: readonly string[];
}

type Method = (...args: unknown[]) => unknown;
type Instance = Record<string, Method> & { [TRANSACTIONS]: Transactions };

const TRANSACTIONS = Symbol('transactions');
const HOOKS = Symbol('transaction hooks');
const wrappers = new WeakSet<Method>();

/** What the `@BeforeTransaction()` method of the request under way returned, once it is `done`. */
export const preparation = new AsyncLocalStorage<{ isDone: boolean; value?: unknown }>();

export function hooksOf(prototype: object, handler: string): HandlerHooks {
  const all = Reflect.getMetadata(HOOKS, prototype) as Record<string, HandlerHooks> | undefined;
  return all?.[handler] ?? { beforeCommit: [], afterCommit: [] };
}

export function setHooks(prototype: object, handler: string, hooks: HandlerHooks): void {
  const all = Reflect.getMetadata(HOOKS, prototype) as Record<string, HandlerHooks> | undefined;
  Reflect.defineMetadata(HOOKS, { ...all, [handler]: hooks }, prototype);
}

/**
 * The method, so made that it runs in its transaction, or joins the running one, with its hooks. A handler's transaction
 * the interceptor has started by then, with the pipes inside; joining it costs next to nothing.
 */
export function inTransaction(prototype: object, name: string, method: Method): Method {
  if (wrappers.has(method)) return method;
  Inject(Transactions)(prototype, TRANSACTIONS);
  const wrapper = async function (this: Instance, ...args: unknown[]): Promise<unknown> {
    const hooks = hooksOf(prototype, name);
    const preparing = preparation.getStore();
    if (preparing && !preparing.isDone) {
      preparing.value = await this[hooks.beforeTransaction!]!(...args);
      preparing.isDone = true;
      return undefined;
    }
    const transactions = this[TRANSACTIONS];
    const work = async () => {
      for (const each of hooks.beforeCommit)
        transactions.beforeCommit((result) => this[each]!(result, ...args));
      for (const each of hooks.afterCommit)
        transactions.afterCommit((result) => this[each]!(result, ...args));
      return method.apply(this, args);
    };
    const options = Reflect.getMetadata(TRANSACTIONAL, wrapper) as TransactionOptions | undefined;
    return options ? transactions.run(options, work) : work();
  };
  for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapper);
  }
  wrappers.add(wrapper);
  Object.defineProperty(wrapper, 'name', { value: name });
  return wrapper;
}
