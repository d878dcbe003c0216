import { Logger } from '@nestjs/common';
import { validate, ValidationTypes } from 'class-validator';
import { MAX_VIOLATIONS } from './limits.js';
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

/** The check of one DTO, with all that is nested in it. */
interface Run {
  /** Verdicts that custom validators still owe. They add to findings that are already in their place. */
  pending: Promise<void>[];
  /** Number of rules found broken. */
  broken: number;
}

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
  const run: Run = { pending: [], broken: 0 };
  const findings: Finding[] = [];
  checkObject(dto, findings, run);
  return run.pending.length === 0 ? findings : Promise.all(run.pending).then(() => findings);
}

function checkObject(object: object, findings: Finding[], run: Run): void {
  const type: unknown = object.constructor;
  const plan = typeof type === 'function' ? planOf(type) : 'none';
  if (plan === 'none') findings.push(UNKNOWN_VALUE);
  else if (plan === 'library') checkByLibrary(object, findings, run);
  else {
    for (const name of Object.keys(object)) if (!plan.declared.has(name)) findings.push(undeclared(name));
    for (const property of plan.properties) checkProperty(property, object, findings, run);
  }
}

function checkProperty(
  { name, conditions, rules, nested }: PropertyRules,
  object: object,
  findings: Finding[],
  run: Run,
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
    note(verdict, finding, rule, object, value, run);
  }
  if (nested.length === 0) return;
  if (!finding) findings.push((finding = { property: name }));
  checkNested(value, nested, finding, run);
}

/** Adds to `finding` if the verdict is, or will be, that the rule does not hold. */
function note(
  verdict: unknown,
  finding: Finding,
  rule: Rule,
  object: object,
  value: unknown,
  run: Run,
): void {
  const decide = (holds: unknown) => {
    if (!holds) breakRule(finding, rule.name, rule.message(object, value), run);
  };
  if (isPromise(verdict)) run.pending.push(verdict.then(decide));
  else decide(verdict);
}

function checkNested(value: unknown, nested: NestedRule[], finding: Finding, run: Run): void {
  if (value === undefined) return;
  const children = (finding.children ??= []);
  const checkItem = (item: unknown, property: string | number) => {
    if (run.broken >= MAX_VIOLATIONS) return;
    const child: Finding = { property };
    children.push(child);
    checkNested(item, nested, child, run);
  };
  for (const rule of nested) {
    if (Array.isArray(value)) value.forEach(checkItem);
    else if (value instanceof Set) [...value].forEach(checkItem);
    else if (value instanceof Map) value.forEach((item, key) => checkItem(item, String(key)));
    else if (value instanceof Object) checkObject(value, children, run);
    else breakRule(finding, rule.name, rule.message(value), run);
  }
}

function checkByLibrary(object: object, findings: Finding[], run: Run): void {
  const whole: Finding = { property: undefined };
  findings.push(whole);
  run.pending.push(validate(object, OPTIONS).then((errors) => void (whole.children = errors)));
}

function breakRule(finding: Finding, name: string, message: string, run: Run): void {
  run.broken += 1;
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
