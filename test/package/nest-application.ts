import { readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFolder, installedPackages } from '../support/application-folder.js';

/** An application from Nest's template in a folder, with this repository's packages and the packed package. */
export class NestApplication extends ApplicationFolder {
  /**
   * @param files of the application, by their paths
   * @param installed the package, as it is installed
   * @param cli the node_modules with the Nest CLI
   */
  constructor(files: Readonly<Record<string, string>>, installed: string, cli: string) {
    super(installedPackages(), installed, { NODE_ENV: '', VITEST: '' });
    for (const name of ['@nestjs/cli', '@nestjs/schematics']) this.#link(name, cli);
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  #link(name: string, modules: string): void {
    const link = this.path('node_modules', name);
    rmSync(link, { force: true });
    symlinkSync(join(modules, name), link, 'junction');
  }

  /** Every file, apart from what is installed and built. */
  get files(): Record<string, string> {
    const paths = readdirSync(this.folder, { withFileTypes: true })
      .filter(({ name }) => name !== 'node_modules' && name !== 'dist')
      .flatMap((entry) =>
        entry.isFile()
          ? [entry.name]
          : readdirSync(this.path(entry.name), { recursive: true, withFileTypes: true })
              .filter((inner) => inner.isFile())
              .map((inner) => join(inner.parentPath, inner.name).slice(this.folder.length + 1)),
      );
    return Object.fromEntries(paths.map((path) => [path, readFileSync(this.path(path), 'utf8')]));
  }
}
