import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { elementTypeOf } from './element-type.js';
import { declaredProperties } from './rules.js';

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const BOOLEANS = new Map<string, boolean>([
  ['true', true],
  ['false', false],
]);

type Conversion = (value: unknown) => unknown;

const conversions = new WeakMap<Type, ReadonlyMap<string, Conversion>>();

/**
 * Query strings, paths, headers and environment variables hold only text. Converts each declared property to its
 * declared type; text that does not read as that type stays text, for the validator to refuse with its own message.
 */
export function convertStrings(type: Type, input: Record<string, unknown>): Record<string, unknown> {
  const ofType = conversionsOf(type);
  const converted: Record<string, unknown> = {};
  for (const key of Object.keys(input)) {
    if (key === '__proto__') continue;
    const convert = ofType.get(key);
    converted[key] = convert ? convert(input[key]) : input[key];
  }
  return converted;
}

/** The conversion of each property whose text is not taken as it is, looked up at the first use of the class. */
function conversionsOf(type: Type): ReadonlyMap<string, Conversion> {
  let found = conversions.get(type);
  if (!found) {
    found = new Map(
      [...declaredProperties(type)].map((property) => [property, conversionOf(type, property)]),
    );
    conversions.set(type, found);
  }
  return found;
}

function conversionOf(type: Type, property: string): Conversion {
  const declared = Reflect.getMetadata('design:type', type.prototype as object, property) as unknown;
  if (declared !== Array) return (value) => convert(declared, value);
  const element = elementTypeOf(type, property);
  return (value) => [value].flat().map((each) => convert(element, each));
}

function convert(declared: unknown, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (declared === Number) return NUMBER.test(value) ? Number(value) : value;
  if (declared === Boolean) return BOOLEANS.get(value) ?? value;
  if (declared === Date) return Number.isNaN(Date.parse(value)) ? value : new Date(value);
  return value;
}
