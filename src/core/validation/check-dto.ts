import { Logger } from '@nestjs/common';
import { validate, ValidationTypes } from 'class-validator';
import {
  type ClassRules,
  isPromise,
  type NestedRule,
  NotCompilable,
  type PropertyRules,
  type Rule,
  rulesOf,
} from './rules.js';

/** What is wrong with one property, and with what it holds; nothing, if it has neither constraints nor children. */
export interface Finding {
  /** Name or index; undefined where class-validator speaks of the whole object. */
  property: string | number | undefined;
  /** Messages by the name of the broken rule. */
  constraints?: Record<string, string>;
  children?: Finding[];
}

const OPTIONS = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };

/** Verdicts that custom validators still owe. They add to findings that are already in their place. */
type Pending = Promise<void>[];

/** `library` marks classes that class-validator itself must check. */
const plans = new WeakMap<object, ClassRules | 'library' | 'none'>();

/** The rules of a class, read at its first use. */
export function planOf(type: object): ClassRules | 'library' | 'none' {
  let plan = plans.get(type);
  if (!plan) {
    plan = compile(type);
    plans.set(type, plan);
  }
  return plan;
}

function compile(type: object): ClassRules | 'library' | 'none' {
  try {
    return rulesOf(type) ?? 'none';
  } catch (error) {
    if (!(error instanceof NotCompilable)) throw error;
    new Logger('Validation').warn(`${error.message}; class-validator itself checks this class, slower.`);
    return 'library';
  }
}

/**
 * Checks an instance as class-validator's `validate` with `whitelist`, `forbidNonWhitelisted` and `forbidUnknownValues`
 * would: same rules, order, messages. Answers with a promise only if a validator does.
 */
export function checkDto(dto: object): Finding[] | Promise<Finding[]> {
  const pending: Pending = [];
  const findings: Finding[] = [];
  checkObject(dto, findings, pending);
  return pending.length === 0 ? findings : Promise.all(pending).then(() => findings);
}

function checkObject(object: object, findings: Finding[], pending: Pending): void {
  const type: unknown = object.constructor;
  const plan = typeof type === 'function' ? planOf(type) : 'none';
  if (plan === 'none') findings.push(UNKNOWN_VALUE);
  else if (plan === 'library') checkByLibrary(object, findings, pending);
  else {
    for (const name of Object.keys(object)) if (!plan.declared.has(name)) findings.push(undeclared(name));
    for (const property of plan.properties) checkProperty(property, object, findings, pending);
  }
}

function checkProperty(
  { name, conditions, rules, nested }: PropertyRules,
  object: object,
  findings: Finding[],
  pending: Pending,
): void {
  const value = (object as Record<string, unknown>)[name];
  let applies = true;
  for (const condition of conditions) if (!condition(object, value)) applies = false;
  if (!applies) return;
  let finding: Finding | undefined;
  for (const rule of rules) {
    const verdict = rule.holds(object, value);
    if (verdict === true) continue;
    if (!finding) findings.push((finding = { property: name }));
    note(verdict, finding, rule, object, value, pending);
  }
  if (nested.length === 0) return;
  if (!finding) findings.push((finding = { property: name }));
  checkNested(value, nested, finding, pending);
}

/** Adds to `finding` if the verdict is, or will be, that the rule does not hold. */
function note(
  verdict: unknown,
  finding: Finding,
  rule: Rule,
  object: object,
  value: unknown,
  pending: Pending,
): void {
  const decide = (holds: unknown) => {
    if (!holds) addConstraint(finding, rule.name, rule.message(object, value));
  };
  if (isPromise(verdict)) pending.push(verdict.then(decide));
  else decide(verdict);
}

function checkNested(value: unknown, nested: NestedRule[], finding: Finding, pending: Pending): void {
  if (value === undefined) return;
  const children = (finding.children ??= []);
  const checkItem = (item: unknown, property: string | number) => {
    const child: Finding = { property };
    children.push(child);
    checkNested(item, nested, child, pending);
  };
  for (const rule of nested) {
    if (Array.isArray(value)) value.forEach(checkItem);
    else if (value instanceof Set) [...value].forEach(checkItem);
    else if (value instanceof Map) value.forEach((item, key) => checkItem(item, String(key)));
    else if (value instanceof Object) checkObject(value, children, pending);
    else addConstraint(finding, rule.name, rule.message(value));
  }
}

function checkByLibrary(object: object, findings: Finding[], pending: Pending): void {
  const whole: Finding = { property: undefined };
  findings.push(whole);
  pending.push(validate(object, OPTIONS).then((errors) => void (whole.children = errors)));
}

function addConstraint(finding: Finding, name: string, message: string): void {
  (finding.constraints ??= {})[name] = message;
}

const undeclared = (name: string): Finding => ({
  property: name,
  constraints: { [ValidationTypes.WHITELIST]: `property ${name} should not exist` },
});

const UNKNOWN_VALUE: Finding = {
  property: undefined,
  constraints: { unknownValue: 'an unknown value was passed to the validate function' },
};
