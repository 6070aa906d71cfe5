import type { CallExpression, ClassDeclaration, ImportSpecifier, Node, SourceFile } from 'typescript';
import type { Compiler } from './typescript.js';

/** A TypeScript file of the application: its text, and what can be found in it. Comments and strings are not mistaken for code. */
export class ParsedFile {
  readonly #tree: SourceFile;

  constructor(
    readonly ts: Compiler,
    readonly path: string,
    readonly text: string,
  ) {
    this.#tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  }

  /** The calls of `object.method(...)` where the method's name matches, and the object is none of the application's own. */
  calls(object: string, method: RegExp): CallExpression[] {
    const { ts } = this;
    return this.all((node): node is CallExpression => {
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
      const { expression, name } = node.expression;
      if (!ts.isIdentifier(expression) || !method.test(name.text)) return false;
      const imported = this.importOf(expression.text);
      return (imported?.name ?? expression.text) === object && imported?.from.startsWith('.') !== true;
    });
  }

  /** Whether code, and not only a comment, has a name. */
  has(name: string): boolean {
    const { ts } = this;
    return this.all((node): node is Node => ts.isIdentifier(node) && node.text === name).length > 0;
  }

  /** The class of a name. */
  classOf(name: string): ClassDeclaration | undefined {
    const { ts } = this;
    return this.all((node): node is ClassDeclaration => ts.isClassDeclaration(node)).find(
      (node) => node.name?.text === name,
    );
  }

  /** What a name of this file is called where it is imported from: itself, unless it is imported under another name. */
  importedName(local: string): string {
    return this.importOf(local)?.name ?? local;
  }

  /** Where a name of this file is imported from, and what it is called there; undefined where no import names it. */
  importOf(local: string): { readonly name: string; readonly from: string } | undefined {
    const { ts } = this;
    const specifiers = this.all((node): node is ImportSpecifier => ts.isImportSpecifier(node));
    const found = specifiers.find(({ name }) => name.text === local);
    const from = found?.parent.parent.parent.moduleSpecifier;
    if (found === undefined || from === undefined || !ts.isStringLiteral(from)) return undefined;
    return { name: found.propertyName?.text ?? local, from: from.text };
  }

  /** The paths and packages that are imported, and where the last import ends. */
  get imports(): { readonly from: readonly string[]; readonly end: number } {
    const { ts } = this;
    const found = this.#tree.statements.filter((statement) => ts.isImportDeclaration(statement));
    return {
      from: found.flatMap(({ moduleSpecifier }) =>
        ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier.text] : [],
      ),
      end: found.at(-1)?.getEnd() ?? 0,
    };
  }

  /** All nodes of a kind, in the order of the text; those below `root` where it is given. */
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
