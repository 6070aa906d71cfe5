import ts from 'typescript';

type FunctionWithBody = ts.FunctionLikeDeclaration & { readonly body: ts.Block | ts.Expression };

function isFunctionWithBody(node: ts.Node): node is FunctionWithBody {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** The name of a function, or of a declaration around it. */
function ownName(node: ts.Node): string | undefined {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const isNamed =
    ts.isFunctionLike(node) ||
    ts.isClassLike(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isPropertyDeclaration(node);
  if (!isNamed || node.name === undefined) return undefined;
  const prefix = ts.isGetAccessor(node) ? 'get ' : ts.isSetAccessor(node) ? 'set ' : '';
  return `${prefix}${node.name.getText()}`;
}

/** The name with its enclosing names, such as `Sessions.load > (closure)`. */
function pathOf(node: ts.Node): string {
  const names: string[] = [];
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    const name = ownName(at);
    if (name !== undefined) names.unshift(name);
    // `const f = () => ...` takes the variable's name.
    else if (ts.isFunctionLike(at) && ownName(at.parent) === undefined) names.unshift('(closure)');
  }
  return names.join(' > ');
}

/**
 * The source of a module in which every function with a body, including closures, accessors and constructors, first
 * calls `called`. Implicit constructors and field initializers do not count as functions. Line numbers are preserved.
 *
 * @param source JavaScript, as compiled from the package
 * @param file the file name to report
 * @param traceUrl the module that exports `called`
 */
export function instrument(source: string, file: string, traceUrl: string): string {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const insertions: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (isFunctionWithBody(node)) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
      const call = `__called(${JSON.stringify(file)}, ${line + 1}, ${JSON.stringify(pathOf(node))})`;
      const start = node.body.getStart();
      if (ts.isBlock(node.body)) insertions.push({ at: start + 1, text: `${call};` });
      else insertions.push({ at: start, text: `(${call}, ` }, { at: node.body.end, text: ')' });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  let [text, from] = [`import { called as __called } from ${JSON.stringify(traceUrl)};`, 0];
  for (const insertion of insertions.toSorted((left, right) => left.at - right.at)) {
    text += source.slice(from, insertion.at) + insertion.text;
    from = insertion.at;
  }
  return text + source.slice(from);
}
