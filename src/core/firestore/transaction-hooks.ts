import { createParamDecorator } from '@nestjs/common';
import { hooksOf, inTransaction, preparation, setHooks } from './transactional-method.js';

/**
 * The method runs once, before the transaction of the named handler starts, with the handler's arguments: for slow work
 * that needs no database. What it returns the handler gets as {@link Prepared}.
 */
export const BeforeTransaction = (handler: string): MethodDecorator =>
  hook(handler, (hooks, name) => ({ ...hooks, beforeTransaction: name }));

/**
 * The method runs inside the transaction of the named handler, after it, with its result and its arguments. It may
 * read and change documents, return another result, and throw to have nothing written.
 */
export const BeforeCommit = (handler: string): MethodDecorator =>
  hook(handler, (hooks, name) => ({ ...hooks, beforeCommit: [...hooks.beforeCommit, name] }));

/**
 * The method runs when the transaction of the named handler has committed, and only then, with its result and its
 * arguments. It may return another result. What it throws is logged, for the work is done; to answer with an error all
 * the same it returns a `TypedError`.
 */
export const AfterCommit = (handler: string): MethodDecorator =>
  hook(handler, (hooks, name) => ({ ...hooks, afterCommit: [...hooks.afterCommit, name] }));

/** The argument of a handler that gets what its {@link BeforeTransaction} method returned. */
export const Prepared = createParamDecorator(() => preparation.getStore()?.value);

function hook(
  handler: string,
  add: (hooks: ReturnType<typeof hooksOf>, name: string) => ReturnType<typeof hooksOf>,
): MethodDecorator {
  return (prototype, name) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, handler);
    if (typeof descriptor?.value !== 'function') {
      throw new Error(
        `${prototype.constructor.name}.${String(name)} is a hook of "${handler}", which is no method.`,
      );
    }
    setHooks(prototype, handler, add(hooksOf(prototype, handler), String(name)));
    const method = inTransaction(prototype, handler, descriptor.value as never);
    Object.defineProperty(prototype, handler, { ...descriptor, value: method });
  };
}
