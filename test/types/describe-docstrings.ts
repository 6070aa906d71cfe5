import { join, sep } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Compiler } from './compiler.js';

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

const isOfPackage = (node: ts.Node): boolean => join(node.getSourceFile().fileName).startsWith(LIB);

const pair = (name: string, symbol: ts.Symbol): readonly [string, ts.Symbol] => [name, symbol];

/** What the package exports, as an editor shows it. */
class ShownApi {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;

  constructor(compiler: Compiler) {
    this.#program = compiler.program(ENTRIES.map((entry) => join(LIB, `${entry}.ts`)));
    this.#checker = this.#program.getTypeChecker();
  }

  /** Docstrings of constructor parameters do not count for parameter properties: declaration files omit them there. */
  isExplained(symbol: ts.Symbol): boolean {
    const { valueDeclaration: declaration } = symbol;
    const isParameter = declaration !== undefined && ts.isParameter(declaration);
    return !isParameter && symbol.getDocumentationComment(this.#checker).length > 0;
  }

  hasExample(symbol: ts.Symbol): boolean {
    return symbol.getJsDocTags(this.#checker).some(({ name }) => name === 'example');
  }

  /** All exports by name. */
  exported(): ReadonlyMap<string, ts.Symbol> {
    const symbols = this.#program
      .getSourceFiles()
      .filter(({ fileName }) => ENTRIES.some((entry) => join(LIB, `${entry}.ts`) === join(fileName)))
      .map((file) => this.#checker.getSymbolAtLocation(file))
      .flatMap((module) => (module === undefined ? [] : this.#checker.getExportsOfModule(module)));
    return new Map(
      symbols.map((symbol) => [
        symbol.name,
        symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol,
      ]),
    );
  }

  /** The members of a class or an interface that an editor shows, without those inherited from elsewhere. */
  membersOf(symbol: ts.Symbol): ts.Symbol[] {
    const { flags } = symbol;
    if (!(flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return [];
    const statics = flags & ts.SymbolFlags.Class ? this.#checker.getTypeOfSymbol(symbol).getProperties() : [];
    const members = [...this.#checker.getDeclaredTypeOfSymbol(symbol).getProperties(), ...statics];
    return members.filter((member) => this.#isShown(member));
  }

  #isShown(member: ts.Symbol): boolean {
    const [declaration] = member.declarations ?? [];
    if (declaration === undefined || !/^[a-z]/i.test(member.name)) return false;
    const isInternal = member.getJsDocTags(this.#checker).some(({ name }) => name === 'internal');
    return isOfPackage(declaration) && !isInternal && !(ts.getCombinedModifierFlags(declaration) & HIDDEN);
  }

  /** Whether people call it. Members of interfaces are called by the package, and documented at the interface. */
  isCalled(owner: ts.Symbol, member: ts.Symbol): boolean {
    return (
      Boolean(owner.flags & ts.SymbolFlags.Class) &&
      !CALLED_BY_OTHERS.has(member.name) &&
      this.#checker.getTypeOfSymbol(member).getCallSignatures().length > 0
    );
  }

  /** The parameters that no `@param` explains, in any of the overloads, which an editor shows one at a time. */
  unexplainedParameters(called: ts.Symbol): string[] {
    return this.#checker
      .getTypeOfSymbol(called)
      .getCallSignatures()
      .filter(({ declaration }) => declaration !== undefined && isOfPackage(declaration))
      .flatMap(({ parameters }) => parameters)
      .map(({ valueDeclaration }) => valueDeclaration)
      .filter((declaration) => declaration !== undefined && ts.isParameter(declaration))
      .filter((parameter) => !ts.getJSDocParameterTags(parameter).some(({ comment }) => Boolean(comment)))
      .map((parameter) => parameter.name.getText());
  }
}

/**
 * Tests that an editor has something to show for every name.
 *
 * @param compiler shared with others, as they import much the same
 */
export function describeDocstrings(compiler: Compiler): void {
  describe("An editor that shows the package's API", () => {
    let api: ShownApi;
    let all: ReadonlyMap<string, ts.Symbol>;
    beforeAll(() => {
      api = new ShownApi(compiler);
      all = api.exported();
    });

    it('has a docstring for every export and every member', () => {
      const silent = [...all].flatMap(([name, symbol]) => [
        ...(api.isExplained(symbol) ? [] : [name]),
        ...api
          .membersOf(symbol)
          .filter((member) => !api.isExplained(member))
          .map((member) => `${name}.${member.name}`),
      ]);
      expect(silent).toEqual([]);
    });

    it('has an example for every name, types included, and every method of a class', () => {
      const silent = [...all].flatMap(([name, symbol]) => [
        ...(api.hasExample(symbol) ? [] : [name]),
        ...api
          .membersOf(symbol)
          .filter((member) => api.isCalled(symbol, member) && !api.hasExample(member))
          .map((member) => `${name}.${member.name}`),
      ]);
      expect(silent).toEqual([]);
    });

    it('has a @param for every parameter of every function, decorator and method of a class', () => {
      const value = ts.SymbolFlags.Function | ts.SymbolFlags.Variable;
      const called = [...all].flatMap(([name, symbol]) => [
        ...(symbol.flags & value ? [pair(name, symbol)] : []),
        ...api
          .membersOf(symbol)
          .filter((member) => api.isCalled(symbol, member))
          .map((member) => pair(`${name}.${member.name}`, member)),
      ]);
      const silent = called.flatMap(([name, symbol]) =>
        api.unexplainedParameters(symbol).map((parameter) => `${name}(${parameter})`),
      );
      expect(called.length).toBeGreaterThan(80);
      expect(silent).toEqual([]);
    });
  });
}
