import fc from 'fast-check';

const SPECIAL = [
  '', ' ', '0', '-1', '1.50', '1e3', 'NaN', 'true', 'null', 'taken', 'skip', 'same', 'value', '$value $property',
  '$&$1', '２', '🎉', 'a\nb', 'x'.repeat(300), '2026-13-01', '127.0.0.256', 'ada@', '#ggg', '{', '__proto__',
]; // prettier-ignore
const KEYS = ['value', 'other', 'extra', '0', 'toString', 'hasOwnProperty', 'prototype', 'then', 'kind'];

/** What a client can send, mostly small: JSON, and the dates that text is converted to. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -0, 1, -1, 2, 5, 7, 9, 1.25, 1.255, 1e21, NaN, Infinity),
    fc.constantFrom(...SPECIAL),
    fc.string({ maxLength: 5 }),
    fc.constantFrom(new Date('2026-01-31'), new Date('2020-01-01'), new Date(NaN)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 3 }),
  ),
})).value;

/** Values around those given: as they are, in lists, beside others. */
export function valuesAround(samples: readonly unknown[]): fc.Arbitrary<unknown> {
  const sample = fc.constantFrom(...samples);
  return fc.oneof(
    { arbitrary: sample, weight: 2 },
    { arbitrary: anyValue, weight: 3 },
    fc.array(fc.oneof(sample, anyValue), { maxLength: 3 }),
    sample.map(String),
    sample.map((value) => `${String(value)}x`),
  );
}

/** Objects with these properties, each there or not, and at times one that nobody declared. */
export function objectsWith(properties: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const declared = fc.record(properties, { requiredKeys: [] });
  const undeclared = fc.option(fc.tuple(fc.constantFrom(...KEYS), anyValue), { freq: 4 });
  return fc
    .tuple(declared, undeclared, fc.boolean())
    .map(([object, extra, first]) =>
      extra === null
        ? object
        : first
          ? { [extra[0]]: extra[1], ...object }
          : { ...object, [extra[0]]: extra[1] },
    );
}
