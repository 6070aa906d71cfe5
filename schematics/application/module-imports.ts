import type { CallExpression, Expression, ObjectLiteralExpression, PropertyName } from 'typescript';
import type { ParsedFile } from './source-file.js';
import { indentAt, indented, prepend, type TextEdit, unitOf } from './text-edits.js';

/**
 * The edit that imports modules into a Nest module.
 *
 * @param file with the module's class
 * @param name of the class
 * @param modules to import: `ConfigModule.forRoot()`
 * @throws if its `@Module()` is written in a way that does not show what it imports
 */
export function moduleImports(file: ParsedFile, name: string, modules: readonly string[]): TextEdit {
  const { ts, text } = file;
  const decorator = moduleDecorator(file, name);
  const [metadata] = decorator.arguments;
  if (metadata === undefined) {
    const end = decorator.getEnd() - 1;
    return { start: end, end, text: `{${property(modules, '')}\n}` };
  }
  if (!ts.isObjectLiteralExpression(metadata)) throw unreadable(file, modules);
  const found = metadata.properties.find((one) => nameOf(file, one.name) === 'imports');
  if (found === undefined) {
    // Spread objects and computed names may contain `imports`, and would replace earlier properties.
    if (metadata.properties.some((one) => nameOf(file, one.name) === undefined))
      throw unreadable(file, modules);
    return firstProperty(text, metadata, modules);
  }
  if (ts.isShorthandPropertyAssignment(found)) {
    const indent = indentAt(text, found.getStart());
    return { ...span(found), text: list('imports', modules, 'imports', indent) };
  }
  if (!ts.isPropertyAssignment(found)) throw unreadable(file, modules);
  const { initializer, name: written } = found;
  const inner = unwrapped(file, initializer);
  if (ts.isArrayLiteralExpression(inner)) return prepend(text, inner, modules);
  const indent = indentAt(text, found.getStart());
  return { ...span(found), text: list(written.getText(), modules, `(${initializer.getText()})`, indent) };
}

/**
 * The name of a property in any notation: `imports`, `'imports'`, `['imports']`; undefined if the source does
 * not show it.
 */
function nameOf({ ts }: ParsedFile, name: PropertyName | undefined): string | undefined {
  if (name === undefined) return undefined;
  const written = ts.isComputedPropertyName(name) ? name.expression : name;
  if (ts.isStringLiteralLike(written) || ts.isNumericLiteral(written)) return written.text;
  return ts.isIdentifier(written) && !ts.isComputedPropertyName(name) ? written.text : undefined;
}

/** The `@Module()` decorator of a class, whatever name it was imported under. */
function moduleDecorator(file: ParsedFile, name: string): CallExpression {
  const { ts } = file;
  const found = file.classOf(name);
  for (const { expression } of (found && ts.getDecorators(found)) ?? []) {
    if (!ts.isCallExpression(expression)) continue;
    const { expression: callee } = expression;
    if (ts.isIdentifier(callee) && file.importedName(callee.text) === 'Module') return expression;
    if (ts.isPropertyAccessExpression(callee) && callee.name.text === 'Module') return expression;
  }
  throw new Error(`The class ${name} in ${file.path} has no decorator @Module().`);
}

/** Unwraps `[...] as const`, `[...] satisfies T` and `([...])`. */
function unwrapped({ ts }: ParsedFile, expression: Expression): Expression {
  let inner = expression;
  while (ts.isAsExpression(inner) || ts.isSatisfiesExpression(inner) || ts.isParenthesizedExpression(inner)) {
    inner = inner.expression;
  }
  return inner;
}

function firstProperty(
  source: string,
  metadata: ObjectLiteralExpression,
  modules: readonly string[],
): TextEdit {
  const outer = indentAt(source, metadata.getStart());
  const open = metadata.getStart() + 1;
  const [first] = metadata.properties;
  const onOneLine = !source.slice(open, first?.getStart() ?? metadata.getEnd()).includes('\n');
  const own = first === undefined || onOneLine ? undefined : indentAt(source, first.getStart());
  const rest = first === undefined ? outer : `${outer}${unitOf(outer)}`;
  const added = property(modules, outer, own);
  if (!onOneLine) return { start: open, end: open, text: added };
  const end = first?.getStart() ?? metadata.getEnd() - 1;
  return { start: open, end, text: `${added}\n${rest}` };
}

/** The text of the property `imports`, as the first one of an object on a line with the given indentation. */
function property(modules: readonly string[], outer: string, own = `${outer}${unitOf(outer)}`): string {
  const step = own.slice(outer.length);
  const lines = modules.map((module) => `\n${own}${step}${indented(module, own + step)},`);
  return `\n${own}imports: [${lines.join('')}\n${own}],`;
}

function list(name: string, modules: readonly string[], others: string, indent: string): string {
  const inner = indent + unitOf(indent);
  const lines = [...modules, `...${others}`].map((one) => `\n${inner}${indented(one, inner)},`);
  return `${name}: [${lines.join('')}\n${indent}]`;
}

const span = (node: { getStart(): number; getEnd(): number }): { start: number; end: number } => ({
  start: node.getStart(),
  end: node.getEnd(),
});

const unreadable = (file: ParsedFile, modules: readonly string[]): Error =>
  new Error(
    `What @Module() in ${file.path} imports does not stand there as a list. Nothing was changed. Write such a list there ` +
      `({ imports: [...] }) and run this again, or import by hand: ${modules.join(', ')}.`,
  );
