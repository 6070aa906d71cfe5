import { execFile } from 'node:child_process';
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

const execute = promisify(execFile);

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** An application of Nest's template in a folder, with this repository's packages and with the one that was packed. */
export class NestApplication implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'session-nest-')));

  /**
   * @param files of the application, by their paths
   * @param installed the package, as it is installed
   */
  constructor(files: Readonly<Record<string, string>>, installed: string) {
    const modules = join(this.folder, 'node_modules');
    linkAll(MODULES, modules);
    // A copy, so that what it imports is looked for here: what it depends on and the peers are one with the application's.
    cpSync(installed, join(modules, 'nestjs-session-kit'), { recursive: true });
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string): void {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /** Every file, apart from what is installed and built. */
  get files(): Record<string, string> {
    const paths = readdirSync(this.folder, { withFileTypes: true })
      .filter(({ name }) => name !== 'node_modules' && name !== 'dist')
      .flatMap((entry) =>
        entry.isFile()
          ? [entry.name]
          : readdirSync(join(this.folder, entry.name), { recursive: true, withFileTypes: true })
              .filter((inner) => inner.isFile())
              .map((inner) => join(inner.parentPath, inner.name).slice(this.folder.length + 1)),
      );
    return Object.fromEntries(paths.map((path) => [path, readFileSync(join(this.folder, path), 'utf8')]));
  }

  /** Runs the Nest CLI. @returns what it said @throws where it fails */
  nest(...args: string[]): Promise<string> {
    return this.run('node_modules/@nestjs/cli/bin/nest.js', ...args);
  }

  async run(...args: string[]): Promise<string> {
    const env = { ...process.env, NO_COLOR: '1', CI: 'true', NODE_ENV: '', VITEST: '' };
    try {
      const { stdout, stderr } = await execute(process.execPath, args, { cwd: this.folder, env });
      return stdout + stderr;
    } catch (error) {
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`${args.join(' ')} failed: ${said}`.slice(0, 5000), { cause: error });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function linkAll(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) linkAll(join(from, name), join(to, name));
    else symlinkSync(realpathSync(join(from, name)), join(to, name), 'junction');
  }
}
