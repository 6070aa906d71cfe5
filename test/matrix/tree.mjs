/** The tests in a folder of their own, beside the packages that they are to run with. */
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

/** What the tests read, apart from the packages. */
const SOURCES = ['lib', 'test', 'docs', 'README.md', 'tsconfig.json'];

/** Never taken along: what was installed or made in there. */
const LEFT_OUT = new Set(['node_modules', 'dist', 'bench']);

/**
 * Lays out a folder in which `nestjs-session-kit` is installed as the tarball has it, with the Nest that is asked for.
 * Packages are links: those of the project, and in their place those of `nest` where it is given. The project's own
 * packages of Nest are not there beside another Nest, so that nothing takes one for the other.
 *
 * @param {string} [nest] the node_modules with another Nest
 * @param {string} [tools] a node_modules with what some tests need besides
 * @returns {string} the folder
 */
export function layOut(nest, tools) {
  const tree = realpathSync(mkdtempSync(join(tmpdir(), 'session-matrix-')));
  for (const source of SOURCES) {
    cpSync(join(root, source), join(tree, source), {
      recursive: true,
      filter: (path) => !LEFT_OUT.has(path.slice(path.lastIndexOf('/') + 1)),
    });
  }
  // It must not have the name of the package, which would then be looked for in there.
  writeFileSync(join(tree, 'package.json'), '{"private":true,"type":"module"}');
  const modules = join(tree, 'node_modules');
  mkdirSync(modules);
  if (nest !== undefined) linkAll(nest, modules);
  linkAll(join(root, 'node_modules'), modules, nest === undefined ? [] : ['@nestjs']);
  if (tools !== undefined) {
    linkNamed(tools, modules);
    linkAll(tools, modules);
  }
  installPackage(modules);
  return tree;
}

/**
 * @param {string} from a node_modules
 * @param {string} to another
 * @param {string[]} without names, or scopes, that are left out
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
 * Links what is asked for in a package.json in place of what the project has of it: a tool looks for others beside itself.
 *
 * @param {string} from a node_modules, beside that package.json
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

/** The package as it is published; what it depends on stands below it, whatever version others have brought along. */
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
