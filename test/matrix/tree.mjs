/** Copies the tests to a separate folder, beside the packages to run them with. */
import {
  cpSync,
  existsSync,
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

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the tests read, apart from packages. */
const SOURCES = ['lib', 'test', 'docs', 'README.md', 'tsconfig.json'];

/** Folders that are never copied: they hold installed or generated files. */
const LEFT_OUT = new Set(['node_modules', 'dist', 'bench']);

/**
 * Creates a folder in which `nestjs-session-kit` is installed as in its tarball, together with the requested Nest.
 * Packages are links to the project's, replaced by those of `nest` if it is given. With another Nest, the project's own
 * Nest packages are left out so that nothing loads them by mistake.
 *
 * @param {string} [nest] the node_modules with another Nest
 * @param {string[]} [others] folders node_modules with what some tests also need, or need in place of the project's own
 * @returns {string} the folder
 */
export function layOut(nest, others = []) {
  const tree = realpathSync(mkdtempSync(join(tmpdir(), 'session-matrix-')));
  for (const source of SOURCES) {
    cpSync(join(root, source), join(tree, source), {
      recursive: true,
      filter: (path) => !LEFT_OUT.has(path.slice(path.lastIndexOf('/') + 1)),
    });
  }
  // Without the package's name: otherwise its imports would resolve to this folder itself.
  writeFileSync(join(tree, 'package.json'), '{"private":true,"type":"module"}');
  const modules = join(tree, 'node_modules');
  mkdirSync(modules);
  if (nest !== undefined) linkAll(nest, modules);
  linkAll(join(root, 'node_modules'), modules, nest === undefined ? [] : ['@nestjs']);
  for (const other of others) {
    linkNamed(other, modules);
    linkAll(other, modules);
  }
  installPackage(modules);
  return tree;
}

/**
 * @param {string} from a node_modules
 * @param {string} to another
 * @param {string[]} without names or scopes to leave out
 */
function linkAll(from, to, without = []) {
  for (const name of readdirSync(from)) {
    if (name.startsWith('.') || without.includes(name)) continue;
    const [source, link] = [join(from, name), join(to, name)];
    if (name.startsWith('@')) {
      mkdirSync(link, { recursive: true });
      linkAll(source, link);
    } else if (!existsSync(link)) {
      symlinkSync(realpathSync(source), link, 'junction');
    }
  }
}

/**
 * Links the dependencies of a package.json in place of the project's versions, because a tool looks for other packages
 * beside itself.
 *
 * @param {string} from a node_modules beside that package.json
 * @param {string} to another
 */
function linkNamed(from, to) {
  const { dependencies } = JSON.parse(readFileSync(join(from, '..', 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const link = join(to, name);
    rmSync(link, { force: true });
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(from, name)), link, 'junction');
  }
}

/** Installs the package as published, with its dependencies below it, whatever versions others have installed. */
function installPackage(/** @type {string} */ modules) {
  const folder = join(modules, 'nestjs-session-kit');
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const part of ['dist', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  for (const name of ['cookie', 'ms', 'path-to-regexp']) {
    symlinkSync(
      realpathSync(join(root, 'node_modules', name)),
      join(folder, 'node_modules', name),
      'junction',
    );
  }
}
