import { requestOf } from '../http/http-context.js';
import {
  type ArgumentMetadata,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type OnModuleInit,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isDto, parseDto, pickDeclared } from './dto.js';
import { prepareDto } from './prepare-dto.js';

const HEADERS = Symbol('headers');
const headersOf = createParamDecorator(
  (_data: symbol, context: ExecutionContext) => requestOf(context).headers,
);

/** The request's headers as a DTO: only those it declares, by their lower-case names. */
export const RequestHeaders = (): ParameterDecorator => headersOf(HEADERS);

/** Turns body, query, path parameters and headers into the DTO that the handler declares (H5). */
@Injectable()
export class DtoPipe implements PipeTransform, OnModuleInit {
  constructor(private readonly modules: ModulesContainer) {}

  onModuleInit(): void {
    for (const module of this.modules.values()) {
      for (const { metatype } of module.controllers.values())
        argumentsOf(metatype as Type).forEach(prepareDto);
    }
  }

  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if (!isDto(metatype)) return value;
    if (type === 'body') return parseDto(metatype, value, 'json');
    if (type === 'query' || type === 'param') return parseDto(metatype, value, 'text');
    if ((data as unknown) === HEADERS)
      return parseDto(metatype, pickDeclared(metatype, value as object), 'text');
    return value;
  }
}

/** The DTOs among the arguments of a controller's handlers. */
function argumentsOf(controller: Type): Type<object>[] {
  const prototype = controller.prototype as object;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .flatMap((name) => (Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[])
    .filter(isDto);
}
