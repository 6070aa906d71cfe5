/**
 * What `npm run test:matrix` runs: the end-to-end tests with every Nest on every Node that the package is for, each with
 * the package as it is installed. Plain JavaScript, since it runs before anything is compiled.
 *
 *     npm run test:matrix                           all of them
 *     npm run test:matrix -- --nest 11 --node 20,22 some
 *     npm run test:matrix -- --smoke                a few files only, to see that they start and answer
 *     npm run test:matrix -- test/e2e/journey       other files, as Vitest takes them
 *     npm run test:matrix -- test/matrix            applications built with each builder of the Nest CLI, and under Jest
 *
 * `--no-build` takes the package as it was built before.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { env, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installed, nodeOf } from './install.mjs';
import { layOut } from './tree.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Nest comes in two kinds of modules: 11 in CommonJS, 12 in ES modules. */
const NESTS = ['11', '12'];
const NODES = ['20', '22', '24'];

const EVERYTHING = [
  'test/e2e/',
  'test/session/',
  'test/parallel/',
  'test/nest/',
  'test/http/',
  'test/sockets/',
  'test/graphql/',
  'test/jobs/',
  'test/testing/',
  'test/forms/',
  'test/migrate/',
  'test/stores/',
  'test/matrix/',
];
const SMOKE = [
  'test/e2e/smoke',
  'test/e2e/journey',
  'test/e2e/failed-commit',
  'test/nest/registry',
  'test/sockets/places',
  'test/graphql/operations',
];

/** What runs on SQLite alone: better-sqlite3 is built for one version of Node only. What runs on all stores leaves it out. */
const NEEDS_SQLITE = [
  'test/nest/sessions-per-user-sqlite.spec.ts',
  'test/drivers/database/**',
  'test/conformance/database-sqlite.spec.ts',
];

/** What needs packages that are installed for the project's own Nest only. */
const NEEDS_NEST_12 = ['test/jobs/queues.spec.ts'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nest: { type: 'string', default: NESTS.join() },
    node: { type: 'string', default: NODES.join() },
    smoke: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
});

/** @param {string} node its path */
function hasSqlite(node) {
  const open = "new (require('better-sqlite3'))(':memory:')";
  return spawnSync(node, ['-e', open], { cwd: root, stdio: 'ignore' }).status === 0;
}

/**
 * @param {string} nest its major version
 * @param {string} major of Node
 * @returns {boolean} whether every test passed
 */
function run(nest, major) {
  const node = nodeOf(major);
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`\n=== Nest ${nest} on Node ${version}`);
  const sqlite = hasSqlite(node);
  const withoutSqlite = sqlite ? [] : NEEDS_SQLITE;
  if (withoutSqlite.length > 0) {
    console.log(
      `Without SQLite, and ${withoutSqlite.join(', ')}: the better-sqlite3 that is installed was built for another Node.`,
    );
  }
  const withoutNest12 = nest === '12' ? [] : NEEDS_NEST_12;
  if (withoutNest12.length > 0) {
    console.log(`Without ${withoutNest12.join(', ')}: what they need is installed for Nest 12 only.`);
  }
  const without = [...withoutSqlite, ...withoutNest12];
  const builds = files.some((file) => file.startsWith('test/matrix'));
  const tree = layOut(
    nest === '12' ? undefined : installed(`nest-${nest}`),
    builds ? installed('builders') : undefined,
  );
  try {
    const config = join(root, 'test/matrix/vitest.config.ts');
    const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config];
    const exclude = without.map((file) => `--exclude=${file}`);
    const { status } = spawnSync(node, [...args, ...exclude, ...files], {
      cwd: tree,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, MATRIX_TREE: tree, MATRIX_NEST: nest, MATRIX_SQLITE: sqlite ? 'yes' : 'no' },
    });
    return status === 0;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const files = positionals.length > 0 ? positionals : values.smoke ? SMOKE : EVERYTHING;

if (!values['no-build']) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });

const failed = values.nest
  .split(',')
  .flatMap((nest) => values.node.split(',').map((node) => ({ nest, node })))
  .filter(({ nest, node }) => !run(nest, node));
for (const { nest, node } of failed) console.log(`*** Nest ${nest} on Node ${node}: failed`);
exit(failed.length === 0 ? 0 : 1);
