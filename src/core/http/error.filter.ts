import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { answerError } from './error-answer.js';

/** Catches everything that guards, pipes, interceptors, handlers and Fastify itself throw. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly settings: Settings) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerError(thrown, http.getRequest(), http.getResponse(), { showStack: this.settings.showStack });
  }
}
