import {
  type ArgumentMetadata,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isDto, parseDto, pickDeclared } from './dto.js';

const HEADERS = Symbol('headers');
const headersOf = createParamDecorator(
  (_data: symbol, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().headers,
);

/** The request's headers as a DTO: only those it declares, by their lower-case names. */
export const RequestHeaders = (): ParameterDecorator => headersOf(HEADERS);

/** Turns body, query, path parameters and headers into the DTO that the handler declares (H5). */
@Injectable()
export class DtoPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype, data }: ArgumentMetadata): Promise<unknown> {
    if (!isDto(metatype)) return value;
    if (type === 'body') return parseDto(metatype, value, 'json');
    if (type === 'query' || type === 'param') return parseDto(metatype, value, 'text');
    if ((data as unknown) === HEADERS)
      return parseDto(metatype, pickDeclared(metatype, value as object), 'text');
    return value;
  }
}
