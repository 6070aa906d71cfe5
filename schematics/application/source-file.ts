import type { CallExpression, ClassDeclaration, ImportSpecifier, Node, SourceFile } from 'typescript';
import type { Compiler } from './typescript.js';

/**
 * A TypeScript file of the application that can be searched. Comments and strings are not mistaken for code.
 */
export class ParsedFile {
  readonly #tree: SourceFile;

  constructor(
    readonly ts: Compiler,
    readonly path: string,
    readonly text: string,
  ) {
    this.#tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  }

  /**
   * The calls of `object.method(...)` whose method name matches and whose object is that of a package, not one of
   * the same name from elsewhere.
   */
  calls(object: string, from: string, method: RegExp): CallExpression[] {
    const { ts } = this;
    return this.all((node): node is CallExpression => {
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
      const { expression, name } = node.expression;
      if (!ts.isIdentifier(expression) || !method.test(name.text)) return false;
      const imported = this.importOf(expression.text);
      return (imported?.name ?? expression.text) === object && (imported?.from ?? from) === from;
    });
  }

  /** Whether the code uses a name; comments do not count. */
  has(name: string): boolean {
    const { ts } = this;
    return this.all((node): node is Node => ts.isIdentifier(node) && node.text === name).length > 0;
  }

  /** The class with a name. */
  classOf(name: string): ClassDeclaration | undefined {
    const { ts } = this;
    return this.all((node): node is ClassDeclaration => ts.isClassDeclaration(node)).find(
      (node) => node.name?.text === name,
    );
  }

  /** The exported name behind a local name: the same one, unless it is imported under an alias. */
  importedName(local: string): string {
    return this.importOf(local)?.name ?? local;
  }

  /** Where a local name is imported from, and its exported name; undefined if it is not imported. */
  importOf(local: string): { readonly name: string; readonly from: string } | undefined {
    const { ts } = this;
    const specifiers = this.all((node): node is ImportSpecifier => ts.isImportSpecifier(node));
    const found = specifiers.find(({ name }) => name.text === local);
    const from = found?.parent.parent.parent.moduleSpecifier;
    if (found === undefined || from === undefined || !ts.isStringLiteral(from)) return undefined;
    return { name: found.propertyName?.text ?? local, from: from.text };
  }

  /** The imported paths and packages, and where the last import ends, with a comment beside it. */
  get imports(): { readonly from: readonly string[]; readonly end: number } {
    const { ts } = this;
    const found = this.#tree.statements.filter((statement) => ts.isImportDeclaration(statement));
    const end = found.at(-1)?.getEnd() ?? 0;
    return {
      from: found.flatMap(({ moduleSpecifier }) =>
        ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier.text] : [],
      ),
      end: end === 0 ? 0 : (ts.getTrailingCommentRanges(this.text, end)?.at(-1)?.end ?? end),
    };
  }

  /** All nodes of a kind in source order; only those below `root`, if given. */
  all<N extends Node>(is: (node: Node) => node is N, root: Node = this.#tree): N[] {
    const found: N[] = [];
    const visit = (node: Node): void => {
      if (is(node)) found.push(node);
      this.ts.forEachChild(node, visit);
    };
    visit(root);
    return found;
  }
}
