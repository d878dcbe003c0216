import { Type } from 'class-transformer';
import { IsArray, IsDate, IsInstance, IsInt, IsObject, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { type DocumentData, Timestamp } from 'firebase-admin/firestore';
import { type Change, changesSince } from './document-changes.js';
import { addDefaults, fromStored, storedValue } from './stored-form.js';

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      null,
      1,
      2,
      'a',
      true,
      new Timestamp(1, 0),
      new Timestamp(2, 0),
      new Date(1),
      new Date(2),
      Buffer.from('a'),
    ),
    fc.array(tie('any'), { maxLength: 2 }),
    tie('map'),
  ),
  map: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('any'), { noNullPrototype: true }),
}));
const map = value.map;

const copy = storedValue as <Value>(value: Value) => Value;

/** As Firestore applies an update with a mask. */
function apply(document: Record<string, unknown>, { path: [name, ...rest], value }: Change): void {
  if (rest.length > 0) {
    apply((document[name!] ??= {}) as Record<string, unknown>, { path: rest, value });
  } else if (value === undefined) delete document[name!];
  else document[name!] = value;
}

describe('changesSince (D6)', () => {
  it('finds what turns one document into the other', () => {
    fc.assert(
      fc.property(map, map, (before, after) => {
        const document = copy(before);
        for (const change of changesSince(before, after)) apply(document, copy(change));
        expect(document).toEqual(copy(after));
      }),
    );
  });

  it('finds nothing between equals', () => {
    fc.assert(fc.property(map, (document) => expect(changesSince(document, copy(document))).toEqual([])));
  });

  it('names nested fields by their paths, arrays whole', () => {
    const before = { a: { b: 1, c: 2 }, list: [{ x: 1 }, 2], gone: 1 };
    const after = { a: { b: 1, c: 3, d: { e: 1 } }, list: [{ x: 2 }, 2] };
    expect(changesSince(before, after)).toEqual([
      { path: ['gone'], value: undefined },
      { path: ['a', 'c'], value: 3 },
      { path: ['a', 'd'], value: { e: 1 } },
      { path: ['list'], value: [{ x: 2 }, 2] },
    ]);
  });

  describe('of an instance', () => {
    class Line {
      @IsInt()
      count = 1;
    }
    class Order {
      @IsDate()
      at = new Date();

      @IsInstance(Uint8Array)
      bytes = Buffer.from('default');

      @ValidateNested()
      @Type(() => Line)
      first = new Line();

      @IsArray()
      @ValidateNested({ each: true })
      @Type(() => Line)
      lines: Line[] = [];

      @IsObject()
      free: DocumentData = { dates: [new Date(3)] };
    }
    const load = (stored: DocumentData) => {
      const order = fromStored(Order, stored);
      addDefaults(Order, stored, order);
      return { order, paths: () => changesSince(stored, order, Order).map(({ path }) => path.join('.')) };
    };
    const full = () => ({
      at: new Timestamp(1, 2000),
      bytes: Buffer.from('abc'),
      first: { count: 2, other: 1 },
      lines: [{ count: 3, other: new Timestamp(1, 0) }, {}],
      free: { when: new Timestamp(1, 2000), dates: [new Timestamp(2, 0)] },
      other: { a: [1] },
    });

    it.each([{}, full(), { first: {}, lines: [{}] }])('finds none in what was just read', (stored) => {
      expect(load(stored).paths()).toEqual([]);
    });

    it.each<[string, (order: Order) => unknown]>([
      ['at', (order) => order.at.setTime(1001)],
      ['at', (order) => (order.at = new Date(order.at))], // without the microseconds
      ['bytes', ({ bytes }) => (bytes[0] = 0)],
      ['first.count', ({ first }) => first.count++],
      ['first.other', (order) => (order.first = Object.assign(new Line(), { count: 2 }))],
      ['lines', ({ lines }) => lines[0]!.count++],
      ['lines', ({ lines }) => lines.reverse()],
      ['lines', ({ lines }) => lines.pop()],
      ['free.dates', ({ free }) => (free.dates as Date[])[0]!.setTime(5)],
      ['free.when', ({ free }) => delete free.when],
    ])('finds that %s was changed in place', (path, change) => {
      const { order, paths } = load(full());
      change(order);
      expect(paths()).toEqual([path]);
    });
  });
});
