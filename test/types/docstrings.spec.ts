import { join, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const LIB = join(import.meta.dirname, '..', '..', 'lib') + sep;

/** The entry points that applications import. */
const ENTRIES = ['index', 'testing/index', 'migrate/index', 'conformance/index', 'drivers/database/index'];

/** Called by Nest, TypeORM or JSON.stringify. */
const CALLED_BY_OTHERS = new Set([
  'configure',
  'onApplicationBootstrap',
  'onApplicationShutdown',
  'intercept',
  'canActivate',
  'catch',
  'toJSON',
  'up',
  'down',
]);

const HIDDEN = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;

const program = ts.createProgram(
  ENTRIES.map((entry) => join(LIB, `${entry}.ts`)),
  {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    experimentalDecorators: true,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  },
);
const checker = program.getTypeChecker();

/** Docstrings of constructor parameters do not count for parameter properties: declaration files omit them there. */
function isExplained(symbol: ts.Symbol): boolean {
  const { valueDeclaration: declaration } = symbol;
  const isParameter = declaration !== undefined && ts.isParameter(declaration);
  return !isParameter && symbol.getDocumentationComment(checker).length > 0;
}
const hasExample = (symbol: ts.Symbol): boolean =>
  symbol.getJsDocTags(checker).some(({ name }) => name === 'example');

/** All exports by name. */
function exported(): ReadonlyMap<string, ts.Symbol> {
  const symbols = program
    .getSourceFiles()
    .filter(({ fileName }) => ENTRIES.some((entry) => join(LIB, `${entry}.ts`) === join(fileName)))
    .map((file) => checker.getSymbolAtLocation(file))
    .flatMap((module) => (module === undefined ? [] : checker.getExportsOfModule(module)));
  return new Map(
    symbols.map((symbol) => [
      symbol.name,
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    ]),
  );
}

/** The members of a class or an interface that an editor shows, without those inherited from elsewhere. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const { flags } = symbol;
  if (!(flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return [];
  const statics = flags & ts.SymbolFlags.Class ? checker.getTypeOfSymbol(symbol).getProperties() : [];
  return [...checker.getDeclaredTypeOfSymbol(symbol).getProperties(), ...statics].filter(isShown);
}

const isOfPackage = (node: ts.Node): boolean => join(node.getSourceFile().fileName).startsWith(LIB);

function isShown(member: ts.Symbol): boolean {
  const [declaration] = member.declarations ?? [];
  if (declaration === undefined || !/^[a-z]/i.test(member.name)) return false;
  const isInternal = member.getJsDocTags(checker).some(({ name }) => name === 'internal');
  return isOfPackage(declaration) && !isInternal && !(ts.getCombinedModifierFlags(declaration) & HIDDEN);
}

/** Whether people call it. Members of interfaces are called by the package, and documented at the interface. */
const isCalled = (owner: ts.Symbol, member: ts.Symbol): boolean =>
  Boolean(owner.flags & ts.SymbolFlags.Class) &&
  !CALLED_BY_OTHERS.has(member.name) &&
  checker.getTypeOfSymbol(member).getCallSignatures().length > 0;

const pair = (name: string, symbol: ts.Symbol): readonly [string, ts.Symbol] => [name, symbol];

/** The parameters that no `@param` explains, in any of the overloads, which an editor shows one at a time. */
function unexplainedParameters(called: ts.Symbol): string[] {
  return checker
    .getTypeOfSymbol(called)
    .getCallSignatures()
    .filter(({ declaration }) => declaration !== undefined && isOfPackage(declaration))
    .flatMap(({ parameters }) => parameters)
    .map(({ valueDeclaration }) => valueDeclaration)
    .filter((declaration) => declaration !== undefined && ts.isParameter(declaration))
    .filter((parameter) => !ts.getJSDocParameterTags(parameter).some(({ comment }) => Boolean(comment)))
    .map((parameter) => parameter.name.getText());
}

describe("An editor that shows the package's API", () => {
  const all = exported();

  it('has a docstring for every export and every member', () => {
    const silent = [...all].flatMap(([name, symbol]) => [
      ...(isExplained(symbol) ? [] : [name]),
      ...membersOf(symbol)
        .filter((member) => !isExplained(member))
        .map((member) => `${name}.${member.name}`),
    ]);
    expect(silent).toEqual([]);
  });

  it('has an example for every name, types included, and every method of a class', () => {
    const silent = [...all].flatMap(([name, symbol]) => [
      ...(hasExample(symbol) ? [] : [name]),
      ...membersOf(symbol)
        .filter((member) => isCalled(symbol, member) && !hasExample(member))
        .map((member) => `${name}.${member.name}`),
    ]);
    expect(silent).toEqual([]);
  });

  it('has a @param for every parameter of every function, decorator and method of a class', () => {
    const value = ts.SymbolFlags.Function | ts.SymbolFlags.Variable;
    const called = [...all].flatMap(([name, symbol]) => [
      ...(symbol.flags & value ? [pair(name, symbol)] : []),
      ...membersOf(symbol)
        .filter((member) => isCalled(symbol, member))
        .map((member) => pair(`${name}.${member.name}`, member)),
    ]);
    const silent = called.flatMap(([name, symbol]) =>
      unexplainedParameters(symbol).map((parameter) => `${name}(${parameter})`),
    );
    expect(called.length).toBeGreaterThan(80);
    expect(silent).toEqual([]);
  });
});
