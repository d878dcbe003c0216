import type { Type } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOperation, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { InvalidInput } from '../errors/errors.js';
import type { TypedErrorClass } from '../errors/typed-error.js';
import type { ResponseContract } from '../routing/responds.decorator.js';
import type { Route } from '../routing/list-routes.js';
import { errorsOf, inputsOf } from '../routing/route-errors.js';
import { documentDto } from './dto-schema.js';
import { successSchema } from './envelope-schemas.js';

const documented = new WeakSet<Route['handler']>();

/** Tells `@nestjs/swagger` what the route's decorators declare: operation, answer, errors, security, DTOs. */
export function documentRoute(route: Route): void {
  const { controller, name, handler, contract } = route;
  if (documented.has(handler)) return; // decorators add up
  documented.add(handler);
  const decorate = (decorator: MethodDecorator) =>
    decorator(controller.prototype as object, name, { value: handler } as PropertyDescriptor);
  for (const type of inputsOf(route)) documentDto(type);
  if (contract.response) documentAnswer(contract.response, decorate);
  if (contract.access?.kind !== 'public') decorate(ApiBearerAuth());
  for (const [status, errors] of Map.groupBy(errorsOf(route), ({ status }) => status)) {
    decorate(
      ApiResponse({
        status,
        description: errors.map(({ code }) => `\`${code}\``).join(', '),
        content: errorContent(errors),
      }),
    );
  }
}

function documentAnswer(response: ResponseContract, decorate: (decorator: MethodDecorator) => void): void {
  const { summary, description, status, type } = response;
  decorate(ApiOperation({ summary, description }));
  if (!type) return decorate(ApiResponse({ status, description: 'Done; no body.' }));
  documentDto(type);
  decorate(ApiExtraModels(type));
  decorate(
    ApiResponse({
      status,
      description: summary,
      content: { 'application/json': { schema: answerSchema(response, type) } },
    }),
  );
}

function answerSchema({ isList, envelope, paginated }: ResponseContract, type: Type): object {
  const item = { $ref: getSchemaPath(type) };
  const data = isList ? { type: 'array', items: item } : item;
  return envelope ? successSchema(data, paginated) : data;
}

function errorContent(errors: TypedErrorClass[]) {
  const examples = errors.map(
    ({ code, message }) => [code, { summary: message, value: exampleOf(code, message) }] as const,
  );
  return {
    'application/json': {
      schema: { $ref: '#/components/schemas/ErrorResponse' },
      examples: Object.fromEntries(examples),
    },
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  };
}

function exampleOf(code: string, message: string): object {
  const meta = { requestId: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f', timestamp: '2026-01-31T09:30:00.000Z' };
  const field = { field: 'email', message: 'email must be an email', constraint: 'isEmail' };
  const details = code === InvalidInput.code ? { details: { errors: [field] } } : {};
  return { success: false, error: { code, message, ...details }, meta };
}
