import { inspect } from 'node:util';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { InvalidInput } from '../../src/core/errors/errors.js';
import { parseDto, violationsOf } from '../../src/core/validation/dto.js';

/** What came of an input, as text: class, order and value of every property, or the violations. */
export interface Outcome {
  kind: 'accepted' | 'refused' | 'crashed';
  text: string;
}

const show = (value: unknown): string =>
  inspect(value, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity, showHidden: false });

/** The libraries themselves, with the options that the service promises. */
export async function byLibraries(type: Type<object>, input: object): Promise<Outcome> {
  return outcome(async () => {
    const dto = plainToInstance(type, input, { exposeDefaultValues: true });
    const errors = await validate(dto, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
    });
    if (errors.length > 0) throw new InvalidInput(violationsOf(errors).slice(0, 100));
    return dto;
  });
}

export async function byService(type: Type<object>, input: object): Promise<Outcome> {
  return outcome(async () => parseDto(type, input, 'json'));
}

async function outcome(parse: () => Promise<object>): Promise<Outcome> {
  try {
    return { kind: 'accepted', text: show(await parse()) };
  } catch (error) {
    if (error instanceof InvalidInput) return { kind: 'refused', text: show(error.details!.errors) };
    return { kind: 'crashed', text: String(error) };
  }
}

/** Both ways, each on its own copy. Where the libraries crash, the service may do better; it may not do worse. */
export async function compare(type: Type<object>, input: object): Promise<void> {
  const expected = await byLibraries(type, copyOf(input));
  const actual = await byService(type, copyOf(input));
  if (expected.kind === 'crashed') return;
  expect(actual).toEqual(expected);
}

/** `structuredClone` would make objects of another realm than Jest's. */
function copyOf<Value>(value: Value): Value {
  if (value instanceof Date) return new Date(value) as Value;
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, copyOf<unknown>(each)]),
  ) as Value;
}
