import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  ValidateBy,
  ValidateNested,
  ValidatePromise,
} from 'class-validator';
import { InvalidInput } from '../errors/errors.js';
import { parseDto } from './dto.js';
import { prepareDto } from './prepare-dto.js';

class Item {
  @IsInt()
  count: number;
}

class Order {
  @IsOptional()
  @IsString()
  name: string = 'none';

  @IsOptional()
  @IsObject()
  notes?: object;

  @IsOptional()
  @ArrayMaxSize(2)
  @ValidateNested()
  @Type(() => Item)
  items?: Item[];

  @IsOptional()
  @IsString()
  @Type(() => String)
  text?: string;

  get total(): number {
    return this.items?.length ?? 0;
  }
}

class Special extends Order {}

const parse = (json: string, type: new () => object = Order) => parseDto(type, JSON.parse(json), 'json');

function violations(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidInput) return error.details!.errors;
    throw error;
  }
  return [];
}

describe('parseDto (H5)', () => {
  it('answers at once where no rule waits', () => {
    expect(parse('{"name":"Ada","items":[{"count":1}]}')).toEqual({ name: 'Ada', items: [{ count: 1 }] });
  });

  it('answers with a promise where a validator does', async () => {
    class Free {
      @ValidateBy({ name: 'free', validator: { validate: async (value) => value !== 'taken' } })
      name: string;
    }
    await expect(parse('{"name":"new"}', Free)).resolves.toEqual({ name: 'new' });
    await expect(parse('{"name":"taken"}', Free)).rejects.toThrow(InvalidInput);
  });

  it.each([
    '{"__proto__":{"name":"x"}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"notes":{"__proto__":{"polluted":true}}}',
    '{"notes":{"constructor":"x"}}',
    '{"notes":{"constructor":null}}',
    '{"notes":{"constructor":{"prototype":{"polluted":true}}}}',
    '{"toString":1}',
    '{"notes":{"toString":1,"hasOwnProperty":2}}',
    '{"total":7}',
  ])('neither follows nor keeps the names in %s', (json) => {
    const order = parse(json) as Order & { polluted?: boolean };
    expect(Object.getPrototypeOf(order)).toBe(Order.prototype);
    expect({ ...order }).toEqual(order.notes ? { name: 'none', notes: {} } : { name: 'none' });
    expect([order.polluted, ({} as Order & { polluted?: boolean }).polluted]).toEqual([undefined, undefined]);
  });

  it('leaves inherited getters alone', () => {
    expect(parse('{"total":7}', Special)).toEqual({ name: 'none' });
  });

  it('refuses what cannot be cast', () => {
    expect(violations(() => parse('{"text":{"toString":1,"valueOf":1}}'))).toMatchObject([{ field: 'text' }]);
  });

  it('refuses what nests too deep', () => {
    const deep = (levels: number) => `{"notes":${'{"a":'.repeat(levels)}1${'}'.repeat(levels + 1)}`;
    expect(violations(() => parse(deep(90)))).toEqual([]);
    expect(violations(() => parse(deep(100_000)))).toMatchObject([{ constraint: 'maxDepth' }]);
    expect(violations(() => parse(`{"items":${'['.repeat(1e5)}${']'.repeat(1e5)}}`))).toMatchObject([
      { constraint: 'maxDepth' },
    ]);
  });

  it('reports a hundred mistakes of many', () => {
    const items = JSON.stringify(Array.from({ length: 100_000 }, () => ({ count: 'x' })));
    const found = violations(() => parse(`{"items":${items}}`));
    expect(found).toHaveLength(100);
    expect(found[0]).toMatchObject({ field: 'items', constraint: 'arrayMaxSize' });
    expect(found[99]).toMatchObject({ field: 'items[98].count', constraint: 'isInt' });
  });

  it('does not look up undeclared names without end', () => {
    const names = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`name${at}`, at]));
    const found = violations(() => parseDto(Order, { name: 1, ...names }, 'json'));
    expect(found).toHaveLength(100);
    expect(found.at(-1)).toMatchObject({ field: 'name99', constraint: 'whitelistValidation' });
  });

  it('takes an unknown class for a mistake at its own place', () => {
    class Holder {
      @ValidateNested()
      held: object;
    }
    expect(violations(() => parse('{"held":{"a":1}}', Holder))).toMatchObject([
      { field: 'held', constraint: 'unknownValue' },
    ]);
  });
});

describe('prepareDto', () => {
  it('says once what only the libraries can check', () => {
    class Waiting {
      @ValidatePromise()
      name: Promise<string>;
    }
    class Outer {
      @ValidateNested()
      @Type(() => Waiting)
      inner: Waiting;

      @IsOptional()
      @Type(() => Item)
      set?: Set<Item>;
    }
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    prepareDto(Outer);
    prepareDto(Outer);
    expect(warn.mock.calls.flat()).toEqual([
      expect.stringContaining('Outer.set'),
      expect.stringContaining('Waiting.name has @ValidatePromise'),
    ]);
    warn.mockRestore();
  });
});
