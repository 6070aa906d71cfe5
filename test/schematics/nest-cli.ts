import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const TREE = join(import.meta.dirname, 'nest-cli');
const MODULES = join(TREE, 'node_modules');
/** Beside what is installed: the lock that it was installed from. */
const INSTALLED_LOCK = '.installed-lock.json';

/**
 * The node_modules with the Nest CLI and its schematics, which are installed when they are first asked for. They have a tree
 * of their own because they bring packages that ask for a newer Node than this project does.
 */
export async function nestCliModules(): Promise<string> {
  if (isInstalled()) return MODULES;
  // In a folder of its own first: several test processes may ask at once, and none may see half of it.
  const folder = mkdtempSync(join(TREE, 'installing-'));
  try {
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(join(TREE, name), join(folder, name));
    await execute('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: folder });
    copyFileSync(join(folder, 'package-lock.json'), join(folder, 'node_modules', INSTALLED_LOCK));
    takeInUse(join(folder, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return MODULES;
}

function isInstalled(): boolean {
  const lock = join(MODULES, INSTALLED_LOCK);
  return existsSync(lock) && readFileSync(lock).equals(readFileSync(join(TREE, 'package-lock.json')));
}

function takeInUse(modules: string): void {
  if (isInstalled()) return;
  rmSync(MODULES, { recursive: true, force: true });
  try {
    renameSync(modules, MODULES);
  } catch (error) {
    // Another process may have been as quick.
    if (!isInstalled()) throw error;
  }
}
