import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { docSnippet } from '../support/doc-snippets.js';
import { makeScratchFolder } from '../support/scratch-folder.js';
import { RunningApplication } from './running-application.js';

const execute = promisify(execFile);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const APPLICATION = fileURLToPath(new URL('application/', import.meta.url));

/** The dependencies of a new Nest application that matter here. */
const DEPENDENCIES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'reflect-metadata',
  'rxjs',
  '@types/node',
  '@types/express',
];

/** Only runs a test of an application: the repository's own tests use another framework. */
const JEST = 'jest@30.5.2';

/** What Nest 11 and 12 set in the tsconfig.json of a new application, apart from what is printed beside the code. */
export const NEST_COMPILER_OPTIONS = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  target: 'ES2023',
  outDir: './dist',
  rootDir: './src',
  strict: true,
  types: ['node'],
};

/**
 * What Nest 10 and the first versions of Nest 11 set. With `module: commonjs`, TypeScript 5 looks for modules as Node 10 did:
 * it ignores `exports`.
 */
export const EARLIER_COMPILER_OPTIONS = {
  ...NEST_COMPILER_OPTIONS,
  module: 'commonjs',
  moduleResolution: 'node10',
  resolvePackageJsonExports: undefined,
  target: 'ES2021',
  ignoreDeprecations: '6.0',
};

/** The two kinds of modules that Nest's templates come with. */
export const MODULE_KINDS = ['module', 'commonjs'] as const;

export type ModuleKind = (typeof MODULE_KINDS)[number];

/** The packed package, installed as a user would, next to two applications. All of it below one temporary folder. */
export class FreshApplications implements Disposable {
  /** Where the tarball is installed. */
  readonly folder = makeScratchFolder('session-applications-');

  /** Installs the tarball and a new application's dependencies, in the versions that this repository has. */
  async install(tarball: string): Promise<void> {
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify({ private: true }));
    const versions = DEPENDENCIES.map((name) => `${name}@${versionOf(name)}`);
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await execute('npm', ['install', tarball, ...versions, JEST, ...flags], { cwd: this.folder });
  }

  /**
   * Writes the application's files, as `nest new` lays them out.
   *
   * @param name of its folder
   * @returns the folder
   */
  create(kind: ModuleKind, name: string = kind, compilerOptions: object = NEST_COMPILER_OPTIONS): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    cpSync(APPLICATION, join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, 'src', 'key-value.driver.ts'), docSnippet('key-value.driver.ts'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: kind }));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
    return folder;
  }

  /** Starts a compiled application. */
  async start(kind: ModuleKind): Promise<RunningApplication> {
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: this.folderOf(kind),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return RunningApplication.of(child);
  }

  /**
   * Runs a compiled test of an application with node:test.
   *
   * @returns its report, which ends with the counts of tests
   * @throws if a test fails
   */
  async test(kind: ModuleKind, file: string): Promise<string> {
    const flags = ['--test', '--test-reporter=tap', join('dist', file)];
    const { stdout } = await execute(process.execPath, flags, {
      cwd: this.folderOf(kind),
      maxBuffer: 2 ** 24,
    });
    return stdout;
  }

  /**
   * Runs a test of an application with jest, as an ES module.
   *
   * @param code of the test, which is written beside the compiled application
   * @returns its report
   * @throws if a test fails
   */
  async testByJest(code: string): Promise<string> {
    const folder = join(this.folderOf('module'), 'dist');
    writeFileSync(join(folder, 'jest.test.js'), code);
    const jest = join(this.folder, 'node_modules', 'jest', 'bin', 'jest.js');
    const flags = ['--experimental-vm-modules', jest, '--rootDir', folder, '--config', '{}'];
    const { stderr } = await execute(process.execPath, flags, { cwd: folder, maxBuffer: 2 ** 24 });
    return stderr;
  }

  folderOf(kind: ModuleKind): string {
    return join(this.folder, kind);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The version of an installed package. */
export function versionOf(name: string): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'),
  );
  return version;
}
