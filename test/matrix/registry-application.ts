import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs commands in an application's folder with packages of the registry: the Nest CLI and npm, as a user has them. */
export class RegistryApplication {
  constructor(readonly folder: string) {}

  /** Additional environment variables. */
  env: Readonly<Record<string, string>> = {};

  async run(command: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, NO_COLOR: '1', CI: 'true', NODE_ENV: '', VITEST: '', ...this.env };
    try {
      const { stdout, stderr } = await execute(command, args, { cwd: this.folder, env, maxBuffer: 2 ** 26 });
      return stdout + stderr;
    } catch (error) {
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`${command} ${args.join(' ')} failed: ${said.slice(-3000)}`, { cause: error });
    }
  }

  nest(...args: string[]): Promise<string> {
    return this.run(process.execPath, 'node_modules/@nestjs/cli/bin/nest.js', ...args);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  /** Copies everything but the installed packages to a folder, or back from there to replace what is here. */
  saveTo(folder: string): void {
    mkdirSync(folder);
    for (const name of this.#own) cpSync(join(this.folder, name), join(folder, name), { recursive: true });
  }

  restoreFrom(folder: string): void {
    for (const name of this.#own) rmSync(join(this.folder, name), { recursive: true });
    cpSync(folder, this.folder, { recursive: true });
  }

  get #own(): string[] {
    return readdirSync(this.folder).filter((name) => name !== 'node_modules');
  }

  replace(path: string, from: string, to: string): void {
    writeFileSync(join(this.folder, path), this.read(path).replace(from, to));
  }
}

/**
 * A new application of `nest new`, with the package installed.
 *
 * @param nest the major version
 * @param kind of modules, as `nest new` calls it; empty if its templates have only one
 * @param installed the package as installed
 */
export async function newFromRegistry(
  folder: string,
  nest: string,
  kind: string,
  installed: string,
): Promise<RegistryApplication> {
  const outside = new RegistryApplication(folder);
  const { stdout } = await execute('npm', ['pack', '--ignore-scripts', '--json', '--silent'], {
    cwd: installed,
  });
  const [{ filename }]: [{ filename: string }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  // What `nest new` runs. `nest new` itself would prompt for the kind of modules.
  const tools = [`@nestjs/schematics@${nest}`, `@angular-devkit/schematics-cli@${nest === '12' ? 22 : 19}`];
  const options = ['--name=shop', '--directory=shop', '--language=ts', '--strict', '--package-manager=npm'];
  const type = kind === '' ? [] : [`--type=${kind}`];
  const packages = tools.map((tool) => `--package=${tool}`);
  const command = ['schematics', '@nestjs/schematics:application', ...options, ...type];
  await outside.run('npm', 'exec', '--yes', ...packages, '--', ...command);
  const application = new RegistryApplication(join(folder, 'shop'));
  await application.run('npm', 'install', '--no-audit', '--no-fund', join(installed, filename));
  return application;
}
