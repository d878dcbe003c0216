import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { API_PROPERTY } from '../openapi/api.decorators.js';
import { isDto } from '../validation/dto.js';
import { elementTypeOf } from '../validation/element-type.js';

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** What JSON a declared type allows. */
export interface Shape {
  /** Whether a value is what was declared. The one question of each answer, so it makes no paths and no copies. */
  matches(value: unknown): boolean;
  /** What is wrong with a value that does not match, one line each. Values are not shown: they may be secrets. */
  explain(value: unknown, path: string): string[];
  /** The value without anything that was not declared. */
  project(value: unknown): unknown;
}

class Leaf implements Shape {
  constructor(
    private readonly expected: string,
    readonly matches: (value: unknown) => boolean,
  ) {}

  explain(value: unknown, path: string): string[] {
    return this.matches(value) ? [] : [`${path} must be ${this.expected}`];
  }

  /** Something compound in the place of a simple value could hold anything, so it does not leave. */
  project(value: unknown): unknown {
    const isCompound = typeof value === 'object' && value !== null && !(value instanceof Date);
    return isCompound && !this.matches(value) ? undefined : value;
  }
}

class ListShape implements Shape {
  constructor(private readonly item: Shape) {}

  matches(value: unknown): boolean {
    return Array.isArray(value) && value.every((each) => this.item.matches(each));
  }

  explain(value: unknown, path: string): string[] {
    if (!Array.isArray(value)) return [`${path} must be an array`];
    return value.flatMap((each, index) => this.item.explain(each, `${path}[${index}]`));
  }

  project(value: unknown): unknown {
    return Array.isArray(value) ? value.map((each) => this.item.project(each)) : undefined;
  }
}

interface Property {
  name: string;
  /** Where it is declared among the others. */
  index: number;
  shape: Shape;
  isRequired: boolean;
  isNullable: boolean;
}

class ObjectShape implements Shape {
  readonly properties = new Map<string, Property>();

  /** Own properties only, and none that is undefined: what JSON.stringify would write. */
  matches(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const given = value as Record<string, unknown>;
    const { inOrder } = this;
    let required = 0;
    let next = 0; // most objects have their properties in the order of the declaration: then nothing is looked up
    for (const name of Object.keys(given)) {
      const each = given[name];
      if (each === undefined) continue;
      const property = inOrder[next]?.name === name ? inOrder[next] : this.properties.get(name);
      if (!property) return false;
      next = property.index + 1;
      if (each === null ? !property.isNullable : !property.shape.matches(each)) return false;
      if (property.isRequired) required += 1;
    }
    return required === this.required;
  }

  explain(value: unknown, path: string): string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [`${path} must be an object`];
    const given = new Map(Object.entries(value).filter(([, each]) => each !== undefined));
    const undeclared = [...given.keys()].filter((name) => !this.properties.has(name));
    const wrong = [...this.properties].flatMap(([name, { shape, isRequired, isNullable }]) => {
      const each: unknown = given.get(name);
      if (each === undefined) return isRequired ? [`${path}.${name} is missing`] : [];
      return each === null && isNullable ? [] : shape.explain(each, `${path}.${name}`);
    });
    return [...wrong, ...undeclared.map((name) => `${path}.${name} is not declared`)];
  }

  project(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return undefined;
    const declared = Object.entries(value).filter(([name]) => this.properties.has(name));
    return Object.fromEntries(
      declared.map(([name, each]) => [name, this.properties.get(name)!.shape.project(each)]),
    );
  }

  private get inOrder(): Property[] {
    return (this.declared ??= [...this.properties.values()]);
  }

  private get required(): number {
    return (this.requiredCount ??= this.inOrder.filter(({ isRequired }) => isRequired).length);
  }

  private declared: Property[] | undefined;
  private requiredCount: number | undefined;
}

const ANYTHING = new Leaf('JSON', () => true);
const STRING = new Leaf('a string', (value) => typeof value === 'string');
const NUMBER = new Leaf('a finite number', Number.isFinite);
const INTEGER = new Leaf('an integer', Number.isInteger);
const BOOLEAN = new Leaf('a boolean', (value) => typeof value === 'boolean');
const DATE = new Leaf('a valid Date', (value) => value instanceof Date && !Number.isNaN(value.getTime()));
const LEAVES = new Map<unknown, Shape>([
  [String, STRING],
  [Number, NUMBER],
  [Boolean, BOOLEAN],
  [Date, DATE],
]);

const known = new WeakMap<Type, ObjectShape>();

/** The shape of a response DTO, from its class-validator rules and declared types; or of String, Number, Boolean. */
export function shapeOf(type: Type): Shape {
  if (!isDto(type)) return LEAVES.get(type) ?? ANYTHING;
  const existing = known.get(type);
  if (existing) return existing;
  const shape = new ObjectShape();
  known.set(type, shape); // before its properties: a DTO may hold its own kind
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  for (const [name, ofProperty] of Map.groupBy(rules, (rule) => rule.propertyName))
    shape.properties.set(name, propertyOf(type, name, shape.properties.size, ofProperty));
  return shape;
}

export const listOf = (item: Shape): Shape => new ListShape(item);

function propertyOf(type: Type, name: string, index: number, rules: Rule[]): Property {
  const prototype = type.prototype as object;
  const declared: unknown = Reflect.getMetadata('design:type', prototype, name);
  const written = (Reflect.getMetadata(API_PROPERTY, prototype, name) ?? {}) as {
    nullable?: boolean;
  };
  const isList = declared === Array;
  const shape = isList
    ? listOf(valueShape(elementTypeOf(type, name), rules))
    : valueShape(declared ?? Object, rules);
  const isRequired = !rules.some((rule) => rule.name === 'isOptional');
  return { name, index, shape, isRequired, isNullable: written.nullable === true };
}

/** A value's own declaration; where reflection sees only `Object`, as of a union, the rules tell. */
function valueShape(declared: unknown, rules: Rule[]): Shape {
  const constraint = (...names: string[]) => rules.find(({ name }) => names.includes(name ?? ''));
  const listed = constraint('isIn', 'isEnum')?.constraints[0] as object | undefined;
  if (listed) return oneOf(Object.values(listed));
  if (constraint('isInt')) return INTEGER;
  if (isDto(declared)) return shapeOf(declared);
  const leaf = LEAVES.get(declared);
  if (leaf) return leaf;
  if (constraint('isNumber')) return NUMBER;
  if (constraint('isBoolean')) return BOOLEAN;
  return constraint('isString', 'isEmail', 'isUuid', 'isIso8601', 'isUrl') ? STRING : ANYTHING;
}

function oneOf(allowed: unknown[]): Shape {
  const values = new Set(allowed);
  return new Leaf(`one of ${[...values].join(', ')}`, (value) => values.has(value));
}
