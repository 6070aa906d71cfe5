import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeScratchFolder } from './scratch-folder.js';

const execute = promisify(execFile);

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** The names of all packages installed in this repository. */
export function installedPackages(): readonly string[] {
  return readdirSync(MODULES)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(MODULES, name)).map((inner) => `${name}/${inner}`) : [name],
    );
}

/** An application in a temporary folder, with packages of this repository and this package as installed. */
export class ApplicationFolder implements Disposable {
  readonly folder = makeScratchFolder('session-application-');
  readonly #env: NodeJS.ProcessEnv;

  /**
   * @param packages the packages of this repository that the application has
   * @param installed the folder of this package as installed
   * @param env environment variables of its processes besides those of the tests
   */
  constructor(packages: readonly string[], installed: string, env: NodeJS.ProcessEnv = {}) {
    this.#env = env;
    const modules = this.path('node_modules');
    for (const name of packages) {
      const link = join(modules, name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(realpathSync(join(MODULES, name)), link, 'junction');
    }
    // A copy rather than a link, so that its imports resolve to the application's packages and no optional peer is
    // found elsewhere.
    cpSync(installed, join(modules, 'nestjs-session-kit'), { recursive: true });
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes a file, creating its folders. */
  write(name: string, text: string): void {
    const target = this.path(name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /**
   * Runs the Nest CLI.
   *
   * @returns its output
   * @throws if it fails, with its output
   */
  nest(...args: string[]): Promise<string> {
    return this.run('node_modules/@nestjs/cli/bin/nest.js', ...args);
  }

  /** Runs Node. @returns its output @throws if it fails, with its output */
  async run(...args: string[]): Promise<string> {
    const env = { ...process.env, NO_COLOR: '1', CI: 'true', ...this.#env };
    try {
      const { stdout, stderr } = await execute(process.execPath, args, { cwd: this.folder, env });
      return stdout + stderr;
    } catch (error) {
      // Builders report errors on standard output.
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`${args.join(' ')} failed: ${said}`.slice(0, 5000), { cause: error });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
