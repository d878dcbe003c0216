import type { Type } from '@nestjs/common';
import { Logger } from '@nestjs/common';
import { Type as TypeOf } from 'class-transformer';
import * as classValidator from 'class-validator';
import type { ValidationOptions } from 'class-validator';
import fc from 'fast-check';
import { DECORATORS } from './decorators.js';
import { objectsWith, valuesAround } from './inputs.js';
import { compare } from './reference.js';
import { SHAPES } from './shapes.js';

/** `VALIDATION_RUNS=5000 npm test -- test/validation` looks longer. */
const RUNS = Number(process.env.VALIDATION_RUNS ?? 15);

const OPTIONS: ValidationOptions[] = [
  {},
  { each: true },
  { message: '$property|$value|$target|$constraint1|$constraint2|$constraint12' },
  { message: ({ property, value, targetName, constraints }) => `${property} ${typeof value} ${targetName} ${constraints?.length} $value` },
  { groups: ['some'], each: true, message: 'of a group' },
  { always: true, context: { hint: 1 } },
  { validateIf: (object: { other?: unknown }) => object.other !== 'skip' },
]; // prettier-ignore

describe('the compiled validator and the libraries agree (H5)', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('has a case for each decorator of class-validator', () => {
    const decorators = Object.entries(classValidator as Record<string, unknown>)
      .filter(
        ([name, value]) => typeof value === 'function' && /^[A-Z]\w*[a-z]/.test(name) && !isClass(value),
      )
      .map(([name]) => name);
    expect(Object.keys(DECORATORS).sort()).toEqual([...decorators, 'registerDecorator'].sort());
  });

  it.each(Object.entries(DECORATORS))('%s', async (_name, { decorate, accepted }) => {
    const types = OPTIONS.map((options) => classWith({ value: [decorate(options)] }));
    const inputs = objectsWith({ value: valuesAround(accepted), other: valuesAround(['skip']) });
    await fc.assert(fc.asyncProperty(fc.constantFrom(...types), inputs, compare), { numRuns: RUNS });
    for (const value of accepted) for (const type of types) await compare(type, { value });
  });

  it.each(SHAPES.map((shape) => [shape.type.name, shape] as const))('%s', async (_name, { type, inputs }) => {
    await fc.assert(
      fc.asyncProperty(inputs, (input) => compare(type, input)),
      { numRuns: RUNS * 4 },
    );
  });

  it('any decorators together', async () => {
    const decorator = fc.tuple(fc.constantFrom(...Object.keys(DECORATORS)), fc.constantFrom(...OPTIONS));
    const property = fc.array(decorator, { minLength: 1, maxLength: 4 });
    const level = fc.dictionary(fc.constantFrom('a', 'b', '1', 'kind'), property, { minKeys: 1 });
    const cases = fc.array(level, { minLength: 1, maxLength: 2 }).chain((levels) => {
      const type = levels.reduce(extend, Object);
      const uses = Object.entries(Object.assign({}, ...levels) as Level);
      const values = uses.map(([name, of]) => [
        name,
        valuesAround(of.flatMap(([use]) => DECORATORS[use]!.accepted)),
      ]);
      return objectsWith(Object.fromEntries(values)).map((input) => ({ type, input }));
    });
    await fc.assert(
      fc.asyncProperty(cases, ({ type, input }) => compare(type, input)),
      { numRuns: RUNS * 10 },
    );
  });
});

function classWith(
  properties: Record<string, PropertyDecorator[]>,
  parent: Type<object> = Object,
): Type<object> {
  class Dto extends parent {}
  for (const [name, decorators] of Object.entries(properties)) {
    for (const decorate of decorators) decorate(Dto.prototype, name);
    if (name === 'kind') TypeOf(() => Dto)(Dto.prototype, name);
  }
  if (parent === Object) classValidator.Allow()(Dto.prototype, 'other');
  return Dto;
}

/** Decorators with their options, by property. */
type Level = Record<string, Array<[decorator: string, options: ValidationOptions]>>;

function extend(parent: Type<object>, level: Level): Type<object> {
  const properties = Object.entries(level).map(([property, uses]) => [
    property,
    uses.map(([name, options]) => DECORATORS[name]!.decorate(options)),
  ]);
  return classWith(Object.fromEntries(properties) as Record<string, PropertyDecorator[]>, parent);
}

const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value));
