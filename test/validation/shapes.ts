import type { Type as Class } from '@nestjs/common';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import {
  Allow, ArrayMaxSize, IsArray, IsDate, IsDefined, IsIn, IsInstance, IsInt, IsNumber, IsObject, IsOptional,
  IsString, Matches, Max, Min, MinLength, Validate, ValidateIf, ValidateNested, ValidatePromise,
} from 'class-validator'; // prettier-ignore
import fc from 'fast-check';
import { IntersectionType, OmitType, PartialType, PickType } from '../../src/core/validation/mapped-types.js';
import { Later } from './decorators.js';
import { anyValue, objectsWith, valuesAround } from './inputs.js';

/** A class that uses the libraries in its own way, and inputs for it. */
export interface Shape {
  type: Class<object>;
  inputs: fc.Arbitrary<object>;
}

class Leaf {
  @IsString() @MinLength(2) street: string;
  @IsInt() @IsOptional() number?: number = 1;
}
const leaf = objectsWith({ street: valuesAround(['Long', 'x']), number: valuesAround([3]) });

class Tree {
  @ValidateNested() @Type(() => Leaf) one: Leaf;
  @IsArray() @ArrayMaxSize(3) @ValidateNested({ each: true }) @Type(() => Leaf) many: Leaf[];
  @IsOptional() @ValidateNested() @Type(() => Tree) tree?: Tree;
  @IsOptional() @ValidateNested({ message: '$property of $target is $value' }) untyped?: object;
}
const tree = fc.letrec<{ tree: object }>((tie) => ({
  tree: objectsWith({
    one: fc.oneof(leaf, anyValue),
    many: fc.oneof(fc.array(fc.oneof(leaf, anyValue), { maxLength: 4 }), fc.array(fc.array(leaf, { maxLength: 2 }), { maxLength: 2 }), leaf),
    tree: fc.oneof({ maxDepth: 3 }, anyValue, tie('tree')),
    untyped: fc.oneof(leaf, anyValue),
  }),
})).tree; // prettier-ignore

class Dog {
  @IsIn(['dog']) @IsOptional() kind?: string;
  @IsInt() bark: number;
}
class Cat {
  @IsString() meow: string;
}
const subTypes = [
  { value: Dog, name: 'dog' },
  { value: Cat, name: 'cat' },
];
class Owner {
  @ValidateNested()
  @Type(() => Cat, { discriminator: { property: 'kind', subTypes }, keepDiscriminatorProperty: false })
  pet: Dog | Cat;

  @ValidateNested()
  @Type(() => Object, { discriminator: { property: 'kind', subTypes }, keepDiscriminatorProperty: true })
  pets: (Dog | Cat)[];

  @Type((options) => (options?.object.isDog ? Dog : Cat)) @ValidateNested() @IsOptional() other?: Dog | Cat;
  @Allow() isDog?: boolean;
}
const pet = objectsWith({
  kind: valuesAround(['dog', 'cat']),
  bark: valuesAround([1]),
  meow: valuesAround(['miau']),
});

class Converted {
  @Type(() => Number) @IsNumber() number: number;
  @Type(() => String) @IsString({ each: true }) strings: string[];
  @Type(() => Boolean) @Allow() boolean: boolean;
  @Type(() => Date) @IsDate() date: Date;
  @Type() @IsDate() reflected: Date;
  @Transform(({ value }) => (typeof value === 'string' ? value.trim() : (value as unknown)))
  @Transform(({ value, key, obj }) => [value, key, Object.keys(obj as object)])
  @IsArray()
  trimmed: unknown;
  @Transform(() => 'never', { toPlainOnly: true }) @IsString() plain: string;
  @Transform(({ value }) => Number(value), { groups: ['other'] }) @IsString() grouped: string;
  @Transform(({ value }) => (value === 1 ? undefined : (value as unknown)))
  @IsOptional()
  @IsString()
  gone?: string = 'here';
}

class Exposed {
  @Expose({ name: 'first_name' }) @IsString() firstName: string = 'Ada';
  @Expose() @IsOptional() @IsInt() age?: number;
  @Expose({ toPlainOnly: true }) @IsOptional() out?: string;
  @Expose({ groups: ['admin'] }) @IsOptional() secret?: string;
  @Exclude() @IsOptional() hidden?: string = 'kept';
  @Exclude({ toPlainOnly: true }) @IsOptional() shown?: string;
}

@Exclude()
class OnlyExposed {
  @Expose() @IsInt() listed: number;
  @IsOptional() @IsInt() unlisted?: number;
}

class Base {
  @IsString()
  @Matches(/^a/)
  @Matches(/b$/, { message: (details) => `${details.property}:${String(details.value)}` })
  name: string = 'ab';
  @IsInt({ always: true })
  @Min(1, { groups: ['a'] })
  @Max(9, { groups: ['b'], message: '$constraint1 < $value in $target' })
  count: number;
  @IsInt({ each: true }) list: number[];
  get double(): number {
    return this.count * 2;
  }
  set half(value: number) {
    this.count = value * 2;
  }
  describe(): string {
    return this.name;
  }
}
class Derived extends Base {
  @IsOptional() @MinLength(3) declare name: string;
  @ValidateIf((object: Derived) => object.count > 2)
  @IsDefined({ message: 'needed above 2' })
  @IsString()
  reason?: string;
  @Allow() half2?: number;
}
const base = {
  name: valuesAround(['ab', 'a', 'b']),
  count: valuesAround([1, 3, 12]),
  list: valuesAround([[1, 2], 1]),
  double: anyValue,
  half: fc.constant(3),
  describe: anyValue,
  reason: valuesAround(['why']),
};

class Collections {
  @IsOptional() @Type(() => Leaf) @ValidateNested({ each: true }) set?: Set<Leaf>;
  @IsOptional() @Type(() => Leaf) @ValidateNested({ each: true }) map?: Map<string, Leaf>;
  @IsOptional() @IsInstance(Set) @IsInt({ each: true }) @Type(() => Number) numbers?: Set<number>;
}

class Slow {
  @Validate(Later) @IsString() @Validate(Later, { each: true, message: 'each' }) value: string;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Slow) children?: Slow[];
}
class WithPromise {
  @ValidatePromise()
  @IsInt()
  @Transform(({ value }) => Promise.resolve(value as unknown))
  value: Promise<number>;
}
class HoldsPromise {
  @ValidateNested() @Type(() => WithPromise) held: WithPromise;
  @IsObject() free: object;
}
class Bare {}
class HoldsBare {
  @ValidateNested() @Type(() => Bare) bare: Bare;
}

const later = fc.letrec<{ slow: object }>((tie) => ({
  slow: objectsWith({
    value: valuesAround(['taken', ['taken', 'free']]),
    children: fc.oneof({ maxDepth: 2 }, anyValue, fc.array(tie('slow'), { maxLength: 2 })),
  }),
})).slow;

const mapped: Class<object>[] = [
  PartialType(Base),
  PartialType(Derived, { skipNullProperties: false }),
  PickType(Derived, ['count', 'list']),
  OmitType(Base, ['count']),
  IntersectionType(Leaf, PickType(Base, ['name'])),
  class extends PartialType(OmitType(Derived, ['list'])) {},
];

export const SHAPES: Shape[] = [
  { type: Leaf, inputs: leaf },
  { type: Tree, inputs: tree },
  { type: Owner, inputs: objectsWith({ pet: fc.oneof(pet, anyValue), pets: fc.array(pet, { maxLength: 3 }), other: pet, isDog: fc.boolean() }) }, // prettier-ignore
  {
    type: Converted,
    inputs: objectsWith(
      Object.fromEntries(
        ['number', 'strings', 'boolean', 'date', 'reflected', 'trimmed', 'plain', 'grouped', 'gone'].map(
          (name) => [name, valuesAround([' x ', '12', 1, ['a', 1], '2026-01-31'])],
        ),
      ),
    ),
  },
  {
    type: Exposed,
    inputs: objectsWith(
      Object.fromEntries(
        ['firstName', 'first_name', 'age', 'out', 'secret', 'hidden', 'shown'].map((name) => [
          name,
          valuesAround(['x', 1]),
        ]),
      ),
    ),
  },
  { type: OnlyExposed, inputs: objectsWith({ listed: valuesAround([1]), unlisted: valuesAround([1]) }) },
  { type: Base, inputs: objectsWith(base) },
  { type: Derived, inputs: objectsWith(base) },
  ...mapped.map((type) => ({ type, inputs: objectsWith({ ...base, street: valuesAround(['Long']) }) })),
  {
    type: Collections,
    inputs: objectsWith({
      set: fc.oneof(fc.array(leaf, { maxLength: 3 }), anyValue),
      map: fc.oneof(fc.dictionary(fc.constantFrom('a', 'b', '1'), leaf), anyValue),
      numbers: fc.oneof(fc.array(fc.integer()), anyValue),
    }),
  },
  { type: Slow, inputs: later },
  { type: WithPromise, inputs: objectsWith({ value: valuesAround([1]) }) },
  {
    type: HoldsPromise,
    inputs: objectsWith({ held: objectsWith({ value: valuesAround([1]) }), free: anyValue }),
  },
  { type: HoldsBare, inputs: objectsWith({ bare: anyValue }) },
];
