import { join, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const LIB = join(import.meta.dirname, '..', '..', 'lib') + sep;

/** What applications import from. */
const ENTRIES = ['index', 'testing/index', 'migrate/index', 'conformance/index', 'drivers/database/index'];

/** By Nest, by TypeORM, and by JSON.stringify. */
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

/** What is exported so that declarations can name it, and is nothing to be made. */
const ONLY_NAMED = new Set(['FunctionMembers']);

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

/** What a constructor says of a parameter that is a property too, no declaration file tells of the property. */
function isExplained(symbol: ts.Symbol): boolean {
  const { valueDeclaration: declaration } = symbol;
  const isParameter = declaration !== undefined && ts.isParameter(declaration);
  return !isParameter && symbol.getDocumentationComment(checker).length > 0;
}
const hasExample = (symbol: ts.Symbol): boolean =>
  symbol.getJsDocTags(checker).some(({ name }) => name === 'example');

/** What is exported, by its name. */
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

/** What an editor offers of a class or an interface of the package: its members, without what it has from elsewhere. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const { flags } = symbol;
  if (!(flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return [];
  const statics = flags & ts.SymbolFlags.Class ? checker.getTypeOfSymbol(symbol).getProperties() : [];
  return [...checker.getDeclaredTypeOfSymbol(symbol).getProperties(), ...statics].filter(isShown);
}

function isShown(member: ts.Symbol): boolean {
  const [declaration] = member.declarations ?? [];
  if (declaration === undefined || !/^[a-z]/i.test(member.name)) return false;
  const isOfPackage = join(declaration.getSourceFile().fileName).startsWith(LIB);
  const isInternal = member.getJsDocTags(checker).some(({ name }) => name === 'internal');
  return isOfPackage && !isInternal && !(ts.getCombinedModifierFlags(declaration) & HIDDEN);
}

/** By people. What an interface has is called by the package, and shown where the interface is. */
const isCalled = (owner: ts.Symbol, member: ts.Symbol): boolean =>
  Boolean(owner.flags & ts.SymbolFlags.Class) &&
  !CALLED_BY_OTHERS.has(member.name) &&
  checker.getTypeOfSymbol(member).getCallSignatures().length > 0;

describe('An editor that shows what the package has', () => {
  const all = exported();

  it('has a sentence for every name, and every member of it', () => {
    const silent = [...all].flatMap(([name, symbol]) => [
      ...(isExplained(symbol) ? [] : [name]),
      ...membersOf(symbol)
        .filter((member) => !isExplained(member))
        .map((member) => `${name}.${member.name}`),
    ]);
    expect(silent).toEqual([]);
  });

  it('has an example for everything that is called, decorates or is made', () => {
    const value = ts.SymbolFlags.Function | ts.SymbolFlags.Class | ts.SymbolFlags.Variable;
    const silent = [...all].flatMap(([name, symbol]) => [
      ...(symbol.flags & value && !ONLY_NAMED.has(name) && !hasExample(symbol) ? [name] : []),
      ...membersOf(symbol)
        .filter((member) => isCalled(symbol, member) && !hasExample(member))
        .map((member) => `${name}.${member.name}`),
    ]);
    expect(silent).toEqual([]);
  });
});
