import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsDate, IsNumber, IsString } from 'class-validator';
import fc from 'fast-check';
import { convertStrings } from './string-conversion.js';

class Text {
  @IsNumber() number: number;
  @IsBoolean() boolean: boolean;
  @IsString() string: string;
  @IsDate() date: Date;
  @IsArray() @Type(() => Number) numbers: number[];
}

describe('convertStrings (H5)', () => {
  it('reads back every number that JavaScript writes', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, (number) =>
        expect(convertStrings(Text, { number: String(number) }).number).toBe(number + 0),
      ),
    );
  });

  it.each(['', ' ', '1 ', '0x10', '1_000', 'NaN', 'Infinity', '1e', '--1', '１', '.'])(
    'leaves %j, which is no number, alone',
    (text) => {
      expect(convertStrings(Text, { number: text })).toEqual({ number: text });
    },
  );

  it('knows two booleans', () => {
    const spellings = ['true', 'false', 'TRUE', '1', '0', 'yes', ''];
    const converted = spellings.map((boolean) => convertStrings(Text, { boolean }).boolean);
    expect(converted).toEqual([true, false, 'TRUE', '1', '0', 'yes', '']);
  });

  it('makes one value of a list a list', () => {
    expect(convertStrings(Text, { numbers: '1' })).toEqual({ numbers: [1] });
    expect(convertStrings(Text, { numbers: ['1', 'x'] })).toEqual({ numbers: [1, 'x'] });
  });

  it('reads dates, and leaves strings and what is undeclared as they are', () => {
    const input = { date: '2026-01-31T09:30:00Z', string: '12', other: '12' };
    expect(convertStrings(Text, input)).toEqual({
      date: new Date('2026-01-31T09:30:00Z'),
      string: '12',
      other: '12',
    });
    expect(convertStrings(Text, { date: 'tomorrow' })).toEqual({ date: 'tomorrow' });
  });
});
