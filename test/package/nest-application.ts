import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFolder, installedPackages } from '../support/application-folder.js';

/** An application of Nest's template in a folder, with this repository's packages and with the one that was packed. */
export class NestApplication extends ApplicationFolder {
  /**
   * @param files of the application, by their paths
   * @param installed the package, as it is installed
   */
  constructor(files: Readonly<Record<string, string>>, installed: string) {
    super(installedPackages(), installed, { NODE_ENV: '', VITEST: '' });
    for (const [path, text] of Object.entries(files)) this.write(path, text);
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
