/** What the matrix needs besides the project's own packages: Nest 11, and other versions of Node. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath, versions } from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Installs the packages locked in a subfolder, unless they are installed.
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
  // No package has to be built: the requested Node is downloaded below.
  npm(folder, 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
  cpSync(lock, former);
  return modules;
}

/**
 * @param {string} major the version of Node: '20', '22', '24'
 * @returns {string} the path of the running Node if it has that version, or else of the one in the npm package `node`
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
