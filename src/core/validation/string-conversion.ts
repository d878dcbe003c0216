import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { elementTypeOf } from './element-type.js';

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const BOOLEANS = new Map<string, boolean>([
  ['true', true],
  ['false', false],
]);

/**
 * Query strings, paths, headers and environment variables hold only text. Converts each declared property to its
 * declared type; text that does not read as that type stays text, for the validator to refuse with its own message.
 */
export function convertStrings(type: Type, input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, convertProperty(type, key, value)]),
  );
}

function convertProperty(type: Type, key: string, value: unknown): unknown {
  const declared = Reflect.getMetadata('design:type', type.prototype as object, key) as unknown;
  if (declared !== Array) return convert(declared, value);
  const element = elementTypeOf(type, key);
  return [value].flat().map((each) => convert(element, each));
}

function convert(declared: unknown, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (declared === Number) return NUMBER.test(value) ? Number(value) : value;
  if (declared === Boolean) return BOOLEANS.get(value) ?? value;
  if (declared === Date) return Number.isNaN(Date.parse(value)) ? value : new Date(value);
  return value;
}
