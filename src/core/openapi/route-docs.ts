import type { Type } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConsumes,
  ApiExcludeEndpoint,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  type ApiResponseOptions,
  getSchemaPath,
} from '@nestjs/swagger';
import { DynamicError, InvalidInput } from '../errors/errors.js';
import type { TypedErrorClass } from '../errors/typed-error.js';
import type { ResponseContract } from '../routing/responds.decorator.js';
import type { Route } from '../routing/list-routes.js';
import { errorsOf, inputsOf } from '../routing/route-errors.js';
import { documentDto } from './dto-schema.js';
import { successSchema } from './envelope-schemas.js';
import { requestHeadersOf, responseHeadersOf } from './header-docs.js';

const documented = new WeakSet<Route['handler']>();

/** Tells `@nestjs/swagger` what the route's decorators declare: operation, answers, errors, security, DTOs, headers. */
export function documentRoute(route: Route): void {
  const { controller, name, handler, contract } = route;
  if (documented.has(handler)) return; // decorators add up
  documented.add(handler);
  const decorate = (decorator: MethodDecorator) =>
    decorator(controller.prototype as object, name, { value: handler } as PropertyDescriptor);
  for (const type of inputsOf(route)) documentDto(type);
  if (contract.isHidden) decorate(ApiExcludeEndpoint());
  if (contract.bodyParser) decorate(ApiConsumes('application/json', contract.bodyParser.mediaType));
  if (contract.access?.kind !== 'public') decorate(ApiBearerAuth());
  for (const header of requestHeadersOf(route)) decorate(ApiHeader(header));
  if (contract.response) {
    const { summary, description } = contract.response;
    decorate(ApiOperation({ summary, description, ...(contract.deprecation && { deprecated: true }) }));
    for (const answer of answersOf(route, contract.response)) decorate(ApiResponse(answer));
  }
  for (const [status, errors] of Map.groupBy(errorsOf(route), statusOf)) {
    const description = errors.map(({ code }) => `\`${code}\``).join(', ');
    decorate(
      status === 'default'
        ? ApiResponse({ status, description: 'An error of another service.', content: errorContent([]) })
        : ApiResponse({ status, description, content: errorContent(errors) }),
    );
  }
}

/** A dynamic error may have any status. */
const statusOf = (error: TypedErrorClass) => (error === DynamicError ? 'default' : error.status);

function answersOf(route: Route, response: ResponseContract): ApiResponseOptions[] {
  const { summary, status, otherStatuses, type } = response;
  if (type) {
    documentDto(type);
    ApiExtraModels(type)(route.controller);
  }
  const headers = responseHeadersOf(route);
  const success = { description: summary, headers, content: contentOf(response) };
  const answers = [status, ...otherStatuses].map((each): ApiResponseOptions => {
    if (each < 300 || each >= 400) return { status: each, ...success };
    const location = { description: 'Where to go.', schema: { type: 'string' } };
    return { status: each, description: 'Redirected; no body.', headers: { ...headers, Location: location } };
  });
  const isConditional = response.etag && route.method === 'GET';
  return isConditional
    ? [...answers, { status: 304, description: 'As `If-None-Match` knows it; no body.', headers }]
    : answers;
}

function contentOf(response: ResponseContract): Record<string, { schema: object }> | undefined {
  if (response.mediaType) return { [response.mediaType]: { schema: { type: 'string' } } };
  if (!response.type) return undefined;
  return { 'application/json': { schema: answerSchema(response, response.type) } };
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
