/** What the matrix needs beside the project's own packages: Nest 11, and the versions of Node. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath, versions } from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Installs what the lock of a folder of this one says, unless it was.
 *
 * @param {string} name the folder
 * @returns {string} its node_modules
 */
export function installed(name) {
  const folder = join(here, name);
  const modules = join(folder, 'node_modules');
  const lock = join(folder, 'package-lock.json');
  const former = join(modules, '.matrix-lock.json');
  if (existsSync(former) && readFileSync(former).equals(readFileSync(lock))) return modules;
  console.log(`Installing test/matrix/${name} ...`);
  // Nothing of it has to be built: the Node that is asked for is fetched below.
  npm(folder, 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
  cpSync(lock, former);
  return modules;
}

/**
 * @param {string} major the version of Node: '20', '22', '24'
 * @returns {string} the path of one: that which runs this where it has the version, else what the npm package `node` brings
 */
export function nodeOf(major) {
  if (versions.node.startsWith(`${major}.`)) return execPath;
  const folder = join(installed('nodes'), `node-${major}`);
  const path = join(folder, 'bin', 'node');
  if (existsSync(path)) return path;
  if (!existsSync(folder)) throw new Error(`There is no Node ${major} in test/matrix/nodes/package.json.`);
  console.log(`Fetching Node ${major} ...`);
  npm(folder, 'run', 'preinstall');
  return path;
}

/**
 * @param {string} cwd
 * @param {string[]} args
 */
function npm(cwd, ...args) {
  execFileSync('npm', [...args, '--silent'], { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}
