import { replyOf, requestOf } from './http-context.js';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { DynamicError, Internal } from '../errors/errors.js';
import { genericErrorOf, toTypedError } from '../errors/to-typed-error.js';
import { TypedError, type TypedErrorClass } from '../errors/typed-error.js';
import { errorsOf } from '../routing/route-errors.js';
import { Answers } from './answers.js';
import { answerError } from './error-answer.js';
import { ShortCircuit } from './short-circuit.js';

/** Catches everything that guards, pipes, interceptors, handlers and Fastify itself throw. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  constructor(
    private readonly settings: Settings,
    private readonly answers: Answers,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = requestOf(host);
    const reply = replyOf(host);
    const { showStack } = this.settings;
    try {
      if (thrown instanceof ShortCircuit) this.finish(thrown, request, reply);
      else answerError(this.declared(thrown, request), request, reply, { showStack });
    } catch (error) {
      answerError(error, request, reply, { showStack });
    }
  }

  /** A guard's: those of handlers do not come this far. */
  private finish(signal: ShortCircuit, request: FastifyRequest, reply: FastifyReply): void {
    const response = request.routeOptions.config.route?.contract.response;
    if (!response) throw new Error('A short circuit where no route is.');
    void reply.send(this.answers.bodyOfGuard(signal, response, request, reply));
  }

  /** Makes of an error that the route does not declare a fault of ours (H8). Clients rely on what is declared. */
  private declared(thrown: unknown, request: FastifyRequest): unknown {
    const { route } = request.routeOptions.config;
    if (!route || !(thrown instanceof TypedError || thrown instanceof HttpException)) return thrown;
    const error = toTypedError(thrown);
    const declared = errorsOf(route);
    if (declared.has(error.constructor as unknown as TypedErrorClass)) return thrown;
    if (declared.has(DynamicError) && error instanceof DynamicError) return thrown;
    const name = `${request.method} ${request.routeOptions.url}`;
    const message = `${name} threw ${error.name} (${error.status} ${error.code}), which it does not declare: add it to errors of @Responds(...)`;
    if (this.settings.NODE_ENV !== 'production') return new Internal({ message, cause: thrown });
    this.logger.error(message);
    return genericErrorOf(error);
  }
}
