import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ModuleKind, RunningApplication } from '../package/fresh-applications.js';

const execute = promisify(execFile);

const SOURCES = fileURLToPath(new URL('application/', import.meta.url));
const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** What a new application has, apart from the tools. No store, and no Fastify: a bundle must do without them. */
const PACKAGES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/testing',
  '@types/express',
  '@types/node',
  'reflect-metadata',
  'rxjs',
  'supertest',
];

const TOOLS = [
  '@nestjs/cli',
  '@rspack/core',
  '@swc/cli',
  '@swc/core',
  'jest',
  'ts-jest',
  'ts-loader',
  'typescript',
  'vite',
  'webpack',
  'webpack-node-externals',
];

/** What Nest 11 and 12 set in the tsconfig.json of a new application. */
const COMPILER_OPTIONS = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  rootDir: './src',
  strict: true,
  skipLibCheck: true,
  types: ['node'],
};

/** An application as `nest new` lays it out, in a folder of its own, with the package as it is installed. */
export class NewApplication implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'session-application-')));

  constructor(kind: ModuleKind) {
    const modules = this.#path('node_modules');
    for (const name of [...PACKAGES, ...TOOLS]) {
      const link = join(modules, name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(realpathSync(join(MODULES, name)), link, 'junction');
    }
    // A copy: what it imports is looked for here, and not where all the optional peers are.
    cpSync(join(MODULES, 'nestjs-session-kit'), join(modules, 'nestjs-session-kit'), { recursive: true });
    mkdirSync(this.#path('src'));
    for (const name of readdirSync(SOURCES)) {
      const text = readFileSync(join(SOURCES, name), 'utf8');
      const asModule = text.replaceAll(/from '(\.\/[\w.-]+)'/g, "from '$1.js'");
      this.write(`src/${name}`, kind === 'module' ? asModule : text);
    }
    this.write('package.json', JSON.stringify({ private: true, type: kind }));
    this.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, exclude: ['**/*-spec.ts'] }),
    );
    this.write(
      'nest-cli.json',
      JSON.stringify({ sourceRoot: 'src', compilerOptions: { deleteOutDir: true } }),
    );
  }

  write(name: string, text: string): void {
    writeFileSync(this.#path(name), text);
  }

  /**
   * Builds it with the Nest CLI.
   *
   * @param args of `nest build`
   * @returns what was printed
   * @throws where that fails, with what was printed
   */
  build(...args: string[]): Promise<string> {
    return this.#node('node_modules/@nestjs/cli/bin/nest.js', 'build', ...args);
  }

  /** Puts what was built, and all that it imports, in one folder of ES modules with Vite. @returns what was printed */
  bundle(): Promise<string> {
    return this.#node('node_modules/vite/bin/vite.js', 'build');
  }

  /** Runs its tests with Jest, as the template of Nest 11 has it configured. @returns what was printed */
  test(...flags: string[]): Promise<string> {
    const config = {
      moduleFileExtensions: ['js', 'json', 'ts'],
      rootDir: 'src',
      testRegex: '.*\\.e2e-spec\\.ts$',
      transform: { '^.+\\.(t|j)s$': ['ts-jest', { diagnostics: false }] },
      testEnvironment: 'node',
    };
    this.write('jest.config.json', JSON.stringify(config));
    return this.#node(...flags, 'node_modules/jest/bin/jest.js', '--config', 'jest.config.json');
  }

  /** Takes away what was installed: a bundle must do without. */
  forgetPackages(): void {
    rmSync(this.#path('node_modules'), { recursive: true });
  }

  /** Starts what was built. */
  start(program = 'dist/main.js'): Promise<RunningApplication> {
    const { folder: cwd } = this;
    return RunningApplication.of(
      spawn(process.execPath, [program], { cwd, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  async #node(...args: string[]): Promise<string> {
    const env = { ...process.env, NO_COLOR: '1', CI: 'true' };
    try {
      const { stdout, stderr } = await execute(process.execPath, args, { cwd: this.folder, env });
      return stdout + stderr;
    } catch (error) {
      // A builder says on standard output what is wrong.
      const said = error instanceof Error && 'stdout' in error ? error.stdout : '';
      throw new Error(`${args.join(' ')} failed: ${String(said)}`.slice(0, 5000), {
        cause: error,
      });
    }
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
