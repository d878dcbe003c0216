import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import type { RouteParamtypes } from '@nestjs/common/internal';
import { type ParamProperties, ParamsTokenFactory } from '@nestjs/core/internal.js';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Extract = (request: FastifyRequest, reply: FastifyReply, next: () => void) => unknown;

/** What Nest knows of a parameter of a handler. */
export type Parameter = ParamProperties<RouteParamtypes, Extract> & { metatype?: Type };

interface Argument {
  index: number;
  extract: Extract;
  /** Whether pipes have a say, and promises are waited for. */
  isPipeable: boolean;
  pipes: PipeTransform[];
  metadata: ArgumentMetadata;
}

/** Makes a handler's arguments of a request. */
export type ReadArguments = (...from: Parameters<Extract>) => unknown[] | Promise<unknown[]>;

/**
 * Reads what the decorators of a handler's parameters say and has the pipes transform it: at once, unless one of them
 * answers with a promise. As in Nest, each argument's pipes run, and the first failure is the request's.
 * @param isPipeable whether pipes are for this kind of parameter: not for the request itself
 */
export function argumentsOf(
  parameters: Parameter[],
  pipes: PipeTransform[],
  isPipeable: (parameter: Parameter) => boolean,
): ReadArguments {
  const declared = parameters.map((each) => argumentOf(each, isPipeable(each) ? pipes : undefined));
  const length = Math.max(0, ...parameters.map(({ index }) => index + 1));
  return (...from) => {
    const values = new Array<unknown>(length).fill(undefined);
    let waiting: PromiseLike<unknown>[] | undefined;
    for (const argument of declared) {
      try {
        const value = piped(argument.extract(...from), argument);
        values[argument.index] = value;
        if (argument.isPipeable && isThenable(value))
          (waiting ??= []).push(value.then((each) => (values[argument.index] = each)));
      } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it was thrown
        (waiting ??= []).push(Promise.reject(error));
      }
    }
    return waiting ? Promise.all(waiting).then(() => values) : values;
  };
}

function argumentOf(parameter: Parameter, pipes: PipeTransform[] | undefined): Argument {
  const { index, extractValue, data, metatype, schema, pipes: own } = parameter;
  const type = new ParamsTokenFactory().exchangeEnumForString(parameter.type as RouteParamtypes);
  return {
    index,
    extract: extractValue,
    isPipeable: pipes !== undefined,
    pipes: pipes ? [...pipes, ...own] : [],
    metadata: { type, metatype, data: data as string | undefined, schema },
  };
}

function piped(value: unknown, { pipes, metadata }: Pick<Argument, 'pipes' | 'metadata'>, from = 0): unknown {
  for (let at = from; at < pipes.length; at++) {
    if (isThenable(value)) return value.then((each) => piped(each, { pipes, metadata }, at));
    value = pipes[at]!.transform(value, metadata);
  }
  return value;
}

/** Whether there is something to wait for. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
