import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_NAMES } from '../lib/drivers/built-in-drivers.js';

const LIB = fileURLToPath(new URL('../lib/', import.meta.url));

/** An import, export ... from, import(...) or import type in a file of lib. Paths are relative to lib. */
interface Dependency {
  readonly from: string;
  /** A file of lib, or the name of a package. */
  readonly to: string;
  /** Whether it disappears when types are stripped. */
  readonly typeOnly: boolean;
  /** Whether it is an `import(...)` executed on demand. */
  readonly lazy: boolean;
  /** Whether it is in a try block. */
  readonly tried: boolean;
}

const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
  .toSorted();

const dependencies = files.flatMap((file) => dependenciesOf(file));

function dependenciesOf(file: string): Dependency[] {
  const path = join(LIB, file);
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Dependency[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean, lazy: boolean, tried = false): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const name = specifier.text;
    const to = name.startsWith('.') ? posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts') : name;
    found.push({ from: file, to, typeOnly, lazy, tried });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause), false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true, false);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, true, isTried(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTried(node: ts.Node): boolean {
  const { parent } = node;
  if (parent === undefined || ts.isFunctionLike(parent)) return false;
  return (ts.isTryStatement(parent) && parent.tryBlock === node) || isTried(parent);
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { namedBindings } = clause;
  if (clause.name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings))
    return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}

/** The folder of a file of lib; each root file counts as its own layer. */
const layerOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? file) : file);

/** The package of `@scope/name/file` or `name/file`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const isPackage = (name: string): boolean => !files.includes(name);

/** All layers that a request passes through. */
const TO_HTTP = [
  'session.errors.ts',
  'crypto',
  'options',
  'state',
  'drivers',
  'lifecycle',
  'session',
  'http',
];

/** What each folder may import from lib besides itself: only layers below. Root files may import everything. */
const BELOW: Record<string, readonly string[]> = {
  state: ['session.errors.ts'],
  crypto: ['state'],
  options: ['session.errors.ts', 'state'],
  events: [],
  drivers: ['session.errors.ts', 'crypto', 'options', 'state', 'events'],
  conformance: ['session.errors.ts', 'drivers'],
  migrate: ['options', 'state', 'drivers', 'stores', 'lifecycle'],
  stores: ['session.errors.ts', 'options', 'state', 'drivers'],
  lifecycle: ['session.errors.ts', 'session.exception.ts', 'crypto', 'state', 'drivers', 'events'],
  session: ['session.errors.ts', 'crypto', 'options', 'state', 'lifecycle'],
  http: ['session.errors.ts', 'session.exception.ts', 'crypto', 'options', 'state', 'lifecycle', 'session'],
  sockets: ['session.exception.ts', 'options', 'state', 'drivers', 'lifecycle', 'session', 'http'],
  graphql: ['session.errors.ts', 'session.exception.ts', 'state', 'session', 'http', 'sockets'],
  forms: ['session.errors.ts', 'state', 'session', 'http'],
  nest: ['graphql', 'sockets', 'session.exception.ts', 'events', ...TO_HTTP],
  // Helpers for tests of applications.
  testing: ['nest', 'forms', 'sockets', ...TO_HTTP],
};

/** Packages that are optional peers: an application may lack any of them. */
const OPTIONAL = [
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@nestjs/typeorm',
  '@nestjs/websockets',
  '@nestjs/graphql',
  'graphql',
  'graphql-ws',
  'mercurius',
  'socket.io',
  'ws',
  'typeorm',
  'ioredis',
  'memcache-client',
  'class-transformer',
];

/**
 * Options may refer to types of any layer, such as drivers or Nest routes: only the type is named, nothing is loaded.
 */
const isTypeOfOption = ({ from, typeOnly }: Dependency): boolean => layerOf(from) === 'options' && typeOnly;
/**
 * Entry points for applications that have the optional package: files reachable only from there may import it
 * statically.
 */
const ENTRIES = ['drivers/database/index.ts'];

/** The files loaded, at once or on demand, by importing the root or an entry point that needs no optional package. */
function filesWithoutEntries(): ReadonlySet<string> {
  const reached = new Set<string>();
  const walk = (file: string): void => {
    if (reached.has(file) || isPackage(file)) return;
    reached.add(file);
    for (const { to } of dependencies.filter(({ from, typeOnly }) => from === file && !typeOnly)) walk(to);
  };
  ['index.ts', 'conformance/index.ts', 'migrate/index.ts', 'testing/index.ts'].forEach(walk);
  return reached;
}

const shown = ({ from, to }: Dependency): string => `lib/${from} imports ${to}`;

describe('The code of lib', () => {
  it('is found by this test, and all its relative imports resolve', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(Object.keys(BELOW).toSorted()).toEqual(
      [...new Set(files.filter((f) => f.includes('/')).map(layerOf))].toSorted(),
    );
    const relativeOnes = dependencies.filter(({ to }) => to.endsWith('.ts'));
    expect(relativeOnes.filter(({ to }) => isPackage(to)).map(shown)).toEqual([]);
  });

  it.each(Object.entries(BELOW))('lets %s import only layers below it', (layer, below) => {
    const upwards = dependencies.filter(
      ({ from, to }) =>
        layerOf(from) === layer && !isPackage(to) && layerOf(to) !== layer && !below.includes(layerOf(to)),
    );
    expect(upwards.filter((each) => !isTypeOfOption(each)).map(shown)).toEqual([]);
  });

  it('has no file of more than 260 lines', () => {
    const lines = (file: string): number =>
      readFileSync(join(LIB, file), 'utf8').trimEnd().split('\n').length;
    expect(files.filter((file) => lines(file) > 260)).toEqual([]);
  });

  it('has the wording of all option errors in options/read-option.ts', () => {
    const wording = files.filter((file) =>
      /[`'"](The )?[Oo]ption '/.test(readFileSync(join(LIB, file), 'utf8')),
    );
    expect(wording).toEqual(['options/read-option.ts']);
  });

  it('uses one clock, so that tests can stop it everywhere', () => {
    const asking = files.filter((file) =>
      /^(?! *\*).*(?:\bDate\.now\(|new Date\(\))/m.test(readFileSync(join(LIB, file), 'utf8')),
    );
    // The conformance suite stops its own clock; a foreign store uses the system's.
    expect(asking.filter((file) => !file.startsWith('conformance/'))).toEqual([
      'drivers/clock.ts',
      'stores/connect-store.ts',
    ]);
  });

  it('has no import cycles, apart from types', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of dependencies) {
      if (!typeOnly && !isPackage(to)) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
      if (way.includes(file) || done.has(file)) return;
      for (const to of next.get(file) ?? []) walk(to, [...way, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
    expect(circles).toEqual([]);
  });

  it('uses Nest and HTTP only in nest/, http/, sockets/, graphql/, forms/, testing/ and the root files', () => {
    const foreign = dependencies.filter(
      ({ from, to }) =>
        from.includes('/') &&
        !['nest', 'http', 'sockets', 'graphql', 'forms', 'testing'].includes(layerOf(from)) &&
        /^(@nestjs\/|node:https?2?$|express|fastify|rxjs|cookie$)/.test(to),
    );
    // The type of the function that finds an application's data source disappears when compiled.
    expect(
      foreign
        .filter((each) => !isTypeOfOption(each))
        .filter(({ to, typeOnly, lazy }) => !(to === '@nestjs/typeorm' && (typeOnly || lazy)))
        .map(shown),
    ).toEqual([]);
  });

  it('keeps state/ free of packages and Node modules', () => {
    expect(
      dependencies.filter(({ from, to }) => layerOf(from) === 'state' && isPackage(to)).map(shown),
    ).toEqual([]);
  });

  it('keeps each driver in its own folder, sharing only what all drivers share', () => {
    const inDriver = (file: string): string | null => /^drivers\/([^/]+)\//.exec(file)?.[1] ?? null;
    const across = dependencies.filter(({ from, to }) => {
      const own = inDriver(from);
      const other = inDriver(to);
      return own !== null && other !== null && own !== other;
    });
    expect(across.map(shown)).toEqual([]);
  });

  it('has a class, options, a conformance run and a documentation page for each driver', () => {
    const specs = readdirSync(join(LIB, '..', 'test', 'conformance'));
    const missing = BUILT_IN_NAMES.flatMap((name) => [
      ...[
        `lib/drivers/${name}/${name}.driver.ts`,
        `lib/options/${name}.options.ts`,
        `docs/drivers/${name}.md`,
      ].filter((file) => !existsSync(join(LIB, '..', file))),
      // The suite is for drivers that store records.
      ...(name === 'stealth' || specs.some((spec) => new RegExp(`^${name}[.-].*spec`).test(spec))
        ? []
        : [`test/conformance/${name}.spec.ts`]),
    ]);
    expect(missing).toEqual([]);
  });

  it('loads an optional package only on demand, or through an entry point of its own', () => {
    const reached = filesWithoutEntries();
    expect([...reached]).toEqual(expect.arrayContaining(['drivers/database/database.driver.ts']));
    expect(ENTRIES.filter((entry) => !files.includes(entry) || reached.has(entry))).toEqual([]);
    const eager = dependencies.filter(
      ({ to, typeOnly, lazy }) => OPTIONAL.includes(to) && !typeOnly && !lazy,
    );
    expect(eager.filter(({ from }) => reached.has(from)).map(shown)).toEqual([]);
    const folders = ENTRIES.map((entry) => posix.dirname(entry));
    expect(eager.filter(({ from }) => !folders.includes(posix.dirname(from))).map(shown)).toEqual([]);
  });

  // esbuild and webpack skip such an import if the package is missing, and fail at any other.
  it('loads optional packages in a try block, so that bundlers can omit them', () => {
    const loading = dependencies.filter(({ to, lazy }) => OPTIONAL.includes(to) && lazy);
    expect(loading.map(({ to }) => to)).toEqual(expect.arrayContaining(['typeorm', 'ioredis']));
    expect(loading.filter(({ tried }) => !tried).map(shown)).toEqual([]);
  });

  it('imports no package that is missing in package.json', () => {
    const named: Record<string, Record<string, string>> = JSON.parse(
      readFileSync(join(LIB, '..', 'package.json'), 'utf8'),
    );
    const known = new Set([
      ...Object.keys(named['dependencies'] ?? {}),
      ...Object.keys(named['peerDependencies'] ?? {}),
    ]);
    const stray = dependencies.filter(
      ({ to }) => isPackage(to) && !to.startsWith('node:') && !known.has(packageOf(to)),
    );
    expect(stray.map(shown)).toEqual([]);
  });
});

describe("The files named in the linter's configuration", () => {
  it('exist', () => {
    const root = join(LIB, '..');
    const text = readFileSync(join(root, '.oxlintrc.json'), 'utf8');
    const named = [...text.matchAll(/"([\w./-]+\.(?:ts|mjs))"/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});
