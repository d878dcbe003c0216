import type { Type } from '@nestjs/common';
import { planOf } from './check-dto.js';
import { elementTypeOf } from './element-type.js';
import { fieldsOf } from './fields.js';
import { isDto } from './dto.js';

const prepared = new WeakSet<Type>();

/**
 * Looks up all rules of a DTO, and of those nested in it, before the first request needs them. What the compiled form
 * does not know is logged: the libraries themselves check it, slower.
 */
export function prepareDto(type: Type<object>): void {
  if (prepared.has(type)) return;
  prepared.add(type);
  planOf(type);
  for (const { name } of fieldsOf(type).known.values()) {
    const nested = elementTypeOf(type, name);
    if (isDto(nested)) prepareDto(nested);
  }
}
