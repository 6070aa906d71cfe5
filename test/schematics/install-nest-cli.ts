import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const TREE = join(import.meta.dirname, 'nest-cli');
const LOCK = join(TREE, 'package-lock.json');
const MODULES = join(TREE, 'node_modules');
/** A copy of the lock, written when everything in it is installed: `npm ci` removes it before it starts. */
const INSTALLED_LOCK = join(MODULES, '.installed-lock.json');

/**
 * Installs the Nest CLI and its schematics, unless they are there. They have a tree of their own because they bring packages
 * that ask for a newer Node than this project does.
 *
 * @returns the address of its node_modules, for `nestCliModules`
 */
export async function installNestCli(): Promise<{ url: string; stop: () => Promise<void> }> {
  if (!existsSync(INSTALLED_LOCK) || !readFileSync(INSTALLED_LOCK).equals(readFileSync(LOCK))) {
    await execute('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: TREE });
    copyFileSync(LOCK, INSTALLED_LOCK);
  }
  return { url: pathToFileURL(MODULES).href, stop: () => Promise.resolve() };
}
