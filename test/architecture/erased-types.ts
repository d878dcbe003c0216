import { dirname, join } from 'node:path';
import ts from 'typescript';
import { readText } from './sources.js';

export interface ErasedType {
  name: string;
  /** Where it is imported from, as written. */
  from: string;
  line: number;
}

/**
 * The types of decorated signatures that are imported with `import type` or an inline `type`. Interfaces have to be;
 * of a class it erases what Nest and class-validator read at run time, and they silently do nothing.
 */
export function erasedTypes(file: string, text: string): ErasedType[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const imported = typeOnlyImports(source);
  return decoratedTypes(source).flatMap((reference) => {
    const name = reference.typeName.getText(source);
    const from = imported.get(name);
    if (from === undefined) return [];
    return [{ name, from, line: source.getLineAndCharacterOfPosition(reference.pos).line + 1 }];
  });
}

function typeOnlyImports(source: ts.SourceFile): Map<string, string> {
  const names = new Map<string, string>();
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !statement.importClause) continue;
    const { importClause, moduleSpecifier } = statement;
    const from = (moduleSpecifier as ts.StringLiteral).text;
    const isTypeOnly = importClause.phaseModifier === ts.SyntaxKind.TypeKeyword;
    if (isTypeOnly && importClause.name) names.set(importClause.name.text, from);
    const bindings = importClause.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    for (const each of bindings.elements) {
      if (isTypeOnly || each.isTypeOnly) names.set(each.name.text, from);
    }
  }
  return names;
}

/** Of constructors of decorated classes, decorated properties, and methods with a decorator anywhere on them. */
function decoratedTypes(source: ts.SourceFile): ts.TypeReferenceNode[] {
  const found: ts.TypeReferenceNode[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isClassDeclaration(node)) {
      for (const member of node.members)
        found.push(...typesOf(member, isDecorated(node)).flatMap(referencesIn));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function typesOf(member: ts.ClassElement, isClassDecorated: boolean): ts.TypeNode[] {
  if (ts.isPropertyDeclaration(member)) return isDecorated(member) && member.type ? [member.type] : [];
  if (!ts.isConstructorDeclaration(member) && !ts.isMethodDeclaration(member)) return [];
  const isRead = ts.isConstructorDeclaration(member)
    ? isClassDecorated
    : [member, ...member.parameters].some(isDecorated);
  return isRead ? member.parameters.flatMap(({ type }) => type ?? []) : [];
}

/** `X`, and `X` in `X | undefined`. What stands in `Promise<X>` or `X[]` is not read. */
function referencesIn(type: ts.TypeNode): ts.TypeReferenceNode[] {
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(referencesIn);
  return ts.isTypeReferenceNode(type) ? [type] : [];
}

function isDecorated(node: ts.Node): boolean {
  return ts.canHaveDecorators(node) && (ts.getDecorators(node)?.length ?? 0) > 0;
}

/** Whether a name of a module is there at run time, and not only for the compiler. */
export async function isClass({ name, from }: ErasedType, importer: string): Promise<boolean> {
  if (!from.startsWith('.')) {
    const exports = (await import(from)) as Record<string, unknown>;
    return typeof exports[name] === 'function';
  }
  const file = join(dirname(importer), from.replace(/\.js$/, '.ts'));
  const { statements } = ts.createSourceFile(file, readText(file), ts.ScriptTarget.Latest);
  return statements.some((each) => ts.isClassDeclaration(each) && each.name?.text === name);
}
