import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { readerOf } from '../src/value/byte-string.ts';
import { ByteWriter } from '../src/value/byte-writer.ts';

type Step = [
  'uint32' | 'int32' | 'int64' | 'bool' | 'double' | 'string' | 'bytes' | 'fork' | 'ldelim' | 'fixed32',
  ...unknown[],
];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('uint32' as const), fc.integer({ min: 0, max: 0xffffffff })),
  fc.tuple(fc.constant('fixed32' as const), fc.integer({ min: 0, max: 0xffffffff })),
  fc.tuple(fc.constant('int32' as const), fc.integer()),
  fc.tuple(fc.constant('int64' as const), fc.maxSafeInteger()),
  fc.tuple(fc.constant('bool' as const), fc.boolean()),
  fc.tuple(fc.constant('double' as const), fc.double()),
  fc.tuple(fc.constant('string' as const), fc.string({ unit: 'binary', maxLength: 80 })),
  fc.tuple(fc.constant('string' as const), fc.string({ minLength: 100, maxLength: 20_000, size: 'max' })),
  fc.tuple(fc.constant('bytes' as const), fc.uint8Array({ maxLength: 300 })),
  fc.constant<Step>(['fork']),
  fc.constant<Step>(['ldelim']),
);

/** The same calls of any writer; each message within is ended. */
function written(writer: ByteWriter | protobuf.Writer, steps: readonly Step[]): string {
  let depth = 0;
  const call = ([method, ...values]: Step) => {
    (writer as unknown as Record<string, (...values: unknown[]) => void>)[method]!(...values);
    depth += method === 'fork' ? 1 : method === 'ldelim' ? -1 : 0;
  };
  for (const one of steps) if (one[0] !== 'ldelim' || depth > 0) call(one);
  while (depth > 0) call(['ldelim']);
  return Buffer.from(writer.finish()).toString('hex');
}

it('writes what the writer of protobufjs does, again and again', () => {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      expect(written(writer, steps)).toBe(written(protobuf.Writer.create(), steps));
    }),
    { numRuns: 300 },
  );
});

it.each([2n ** 63n - 1n, -(2n ** 63n), -1n])('writes the integer %s as protobuf does', (value) => {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  const expected = protobuf.Writer.create().int64({ low, high, unsigned: false });
  expect(new ByteWriter().int64(value).finish()).toEqual(Buffer.from(expected.finish()));
});

it('keeps bytes as a string and reads them again', () => {
  const writer = new ByteWriter();
  const long = fc.uint8Array({ minLength: 3_000, maxLength: 9_000, size: 'max' });
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array(), long), { minLength: 1, maxLength: 4 }), (values) => {
      const kept = values.map((value) => writer.bytes(value).finishString());
      const reader = readerOf(writer.raw(kept.join('')).finishString());
      const read = values.map(() => Buffer.from(reader.bytes()).toString('hex'));
      expect(read).toEqual(values.map((value) => Buffer.from(value).toString('hex')));
      expect(reader.pos).toBe(reader.len);
    }),
    { numRuns: 50 },
  );
});
