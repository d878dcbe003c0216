import type { Type } from '@nestjs/common';
import {
  getMetadataStorage,
  type ValidationArguments,
  type ValidationOptions,
  ValidationTypes,
} from 'class-validator';
import { ValidationUtils } from 'class-validator/cjs/validation/ValidationUtils.js';

type Storage = ReturnType<typeof getMetadataStorage>;
type Metadata = ReturnType<Storage['getTargetValidationMetadatas']>[number];
type Constraint = ReturnType<Storage['getTargetValidatorConstraints']>[number];
type Condition = (object: object, value: unknown) => boolean;

/** What class-validator's decorators say about one class, looked up once. */
export interface ClassRules {
  /** Every property that a rule names; no other may be there. */
  declared: ReadonlySet<string>;
  properties: PropertyRules[];
}

export interface PropertyRules {
  name: string;
  /** `@ValidateIf`, `@IsOptional`: all must hold, else the property is not checked. */
  conditions: Condition[];
  rules: Rule[];
  /** `@ValidateNested`. */
  nested: NestedRule[];
}

/**
 * The rules of a class in the order in which class-validator applies them, or undefined if it has none.
 * @throws {NotCompilable}
 */
export function rulesOf(type: unknown): ClassRules | undefined {
  if (typeof type !== 'function') return undefined;
  const storage = getMetadataStorage();
  const metadatas = storage.getTargetValidationMetadatas(type, '', false, false);
  if (metadatas.length === 0) return undefined;
  const promise = metadatas.find((metadata) => metadata.type === ValidationTypes.PROMISE_VALIDATION);
  if (promise) throw new NotCompilable(`${type.name}.${promise.propertyName} has @ValidatePromise`);
  const properties = Object.entries(storage.groupByPropertyName(metadatas)).map(([name, ofProperty]) =>
    propertyRules(type.name, name, ofProperty),
  );
  return { declared: declaredProperties(type), properties };
}

const declared = new WeakMap<object, ReadonlySet<string>>();

/** The properties of a class that class-validator knows, its own and inherited; empty for what is no DTO. */
export function declaredProperties(type: object): ReadonlySet<string> {
  let names = declared.get(type);
  if (!names) {
    const metadatas = getMetadataStorage().getTargetValidationMetadatas(type as Type, '', false, false);
    names = new Set(metadatas.map(({ propertyName }) => propertyName));
    declared.set(type, names);
  }
  return names;
}

/** A class uses what only class-validator itself can check. */
export class NotCompilable extends Error {}

function propertyRules(className: string, name: string, metadatas: Metadata[]): PropertyRules {
  const ofType = (type: string) => metadatas.filter((metadata) => metadata.type === type);
  const rulesOfType = (type: string) =>
    ofType(type).flatMap((metadata) =>
      getMetadataStorage()
        .getTargetValidatorConstraints(metadata.constraintCls)
        .map((constraint) => new Rule(className, metadata, constraint)),
    );
  return {
    name,
    conditions: ofType(ValidationTypes.CONDITIONAL_VALIDATION).map(
      (metadata) => (metadata.constraints as [Condition])[0],
    ),
    rules: [...rulesOfType(ValidationTypes.IS_DEFINED), ...rulesOfType(ValidationTypes.CUSTOM_VALIDATION)],
    nested: ofType(ValidationTypes.NESTED_VALIDATION).map((metadata) => new NestedRule(metadata)),
  };
}

/** Addresses of the usual form, all of which validator.js takes after looking for every other form there is. */
export const USUAL_EMAIL =
  /^[a-zA-Z\d_+-]{1,30}(?:\.[a-zA-Z\d_+-]{1,30})?@(?:[a-zA-Z\d](?:[a-zA-Z\d-]{0,30}[a-zA-Z\d])?\.){1,3}[a-zA-Z]{2,20}$/;

/** One constraint on one property. */
export class Rule {
  /** Its key in `ValidationError.constraints`, e.g. `isEmail`. */
  readonly name: string;
  private readonly each: boolean;
  private readonly applies: ValidationOptions['validateIf'];
  /** What of the values that keep the rule can be told at a glance. */
  private readonly usual: RegExp | undefined;
  private instance: Constraint['instance'] | undefined;

  constructor(
    private readonly className: string,
    private readonly metadata: Metadata,
    private readonly constraint: Constraint,
  ) {
    this.name = constraint.name || metadata.type;
    this.each = metadata.each;
    this.applies = metadata.validateIf;
    const options = metadata.constraints as unknown[] | undefined;
    const isPlainEmail = this.name === 'isEmail' && options?.length === 1 && options[0] === undefined;
    if (isPlainEmail && !this.each) this.usual = USUAL_EMAIL;
  }

  /** Whether `value` keeps the rule; a promise if a custom validator answers later. */
  holds(object: object, value: unknown): unknown {
    if (this.applies && !this.applies(object, value)) return true;
    if (this.usual && typeof value === 'string' && this.usual.test(value)) return true;
    const items = this.each ? itemsOf(value) : undefined;
    const details = this.argumentsFor(object, value);
    return items ? this.holdsForEach(items, details) : this.validator.validate(value, details);
  }

  message(object: object, value: unknown): string {
    const details = this.argumentsFor(object, value);
    const text = this.metadata.message || (this.validator.defaultMessage?.(details) ?? '');
    return ValidationUtils.replaceMessageSpecialTokens(text, details);
  }

  /** Asked for at first use, not before: `useContainer` is called once the application exists. */
  private get validator(): Constraint['instance'] {
    return (this.instance ??= this.constraint.instance);
  }

  private holdsForEach(items: Iterable<unknown>, details: ValidationArguments): unknown {
    let allHold = true;
    const awaited: Promise<boolean>[] = [];
    for (const item of items) {
      const verdict = this.validator.validate(item, details);
      if (isPromise(verdict)) awaited.push(verdict);
      else if (!verdict) allHold = false;
    }
    return awaited.length === 0
      ? allHold
      : Promise.all(awaited).then((verdicts) => allHold && verdicts.every(Boolean));
  }

  private argumentsFor(object: object, value: unknown): ValidationArguments {
    return {
      targetName: this.className,
      property: this.metadata.propertyName,
      object,
      value,
      constraints: this.metadata.constraints as unknown[],
    };
  }
}

/** `@ValidateNested` on one property. */
export class NestedRule {
  readonly name = ValidationTypes.NESTED_VALIDATION;

  constructor(private readonly metadata: Metadata) {}

  /** What class-validator says of a value that is neither object nor array. */
  message(value: unknown): string {
    const { target, message, propertyName, constraints } = this.metadata;
    return ValidationUtils.replaceMessageSpecialTokens(message, {
      targetName: target.constructor.name,
      property: propertyName,
      object: target as object,
      value,
      constraints: constraints as unknown[],
    });
  }
}

/** The items that `each` and `@ValidateNested` look at; undefined for what is no collection. */
function itemsOf(value: unknown): Iterable<unknown> | undefined {
  if (Array.isArray(value) || value instanceof Set) return value as Iterable<unknown>;
  return value instanceof Map ? value.values() : undefined;
}

export function isPromise(value: unknown): value is Promise<boolean> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
