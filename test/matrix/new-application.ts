import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ModuleKind, NEST_COMPILER_OPTIONS } from '../package/fresh-applications.js';
import { RunningApplication } from '../package/running-application.js';
import { ApplicationFolder } from '../support/application-folder.js';

const SOURCES = fileURLToPath(new URL('application/', import.meta.url));
const INSTALLED = fileURLToPath(new URL('../../node_modules/nestjs-session-kit/', import.meta.url));

/** The packages of a new application, apart from tools. No store and no Fastify: a bundle must work without them. */
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

/** The other compiler options of the template. */
const COMPILER_OPTIONS = { ...NEST_COMPILER_OPTIONS, declaration: true, sourceMap: true, skipLibCheck: true };

/** An application laid out like one of `nest new`, in its own folder, with the package as installed. */
export class NewApplication extends ApplicationFolder {
  constructor(kind: ModuleKind) {
    super([...PACKAGES, ...TOOLS], INSTALLED);
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

  /** Bundles the build and all its imports into one folder of ES modules with Vite. @returns the output */
  bundle(): Promise<string> {
    return this.run('node_modules/vite/bin/vite.js', 'build');
  }

  /** Runs the tests with Jest, configured as in the template of Nest 11. @returns the output */
  test(...flags: string[]): Promise<string> {
    const config = {
      moduleFileExtensions: ['js', 'json', 'ts'],
      rootDir: 'src',
      testRegex: '.*\\.e2e-spec\\.ts$',
      transform: { '^.+\\.(t|j)s$': ['ts-jest', { diagnostics: false }] },
      testEnvironment: 'node',
    };
    this.write('jest.config.json', JSON.stringify(config));
    return this.run(...flags, 'node_modules/jest/bin/jest.js', '--config', 'jest.config.json');
  }

  /** Removes the installed packages: a bundle must work without them. */
  forgetPackages(): void {
    rmSync(this.path('node_modules'), { recursive: true });
  }

  /** Starts the built application. */
  start(program = 'dist/main.js'): Promise<RunningApplication> {
    const { folder: cwd } = this;
    return RunningApplication.of(
      spawn(process.execPath, [program], { cwd, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }
}
