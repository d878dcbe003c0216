import fc from 'fast-check';
import { isoTime } from './iso-time.js';

describe('isoTime', () => {
  it('is what toISOString gives, for every date there is', () => {
    const dates = fc.date({ noInvalidDate: true });
    const usual = fc.date({ min: new Date('1969-01-01'), max: new Date('2101-01-01'), noInvalidDate: true });
    fc.assert(fc.property(fc.oneof(dates, usual), (date) => isoTime(date) === date.toISOString()));
    expect(isoTime(new Date(1000))).toBe('1970-01-01T00:00:01.000Z');
  });

  it('fails for what is no date', () => {
    expect(() => isoTime(new Date(NaN))).toThrow(RangeError);
  });
});
