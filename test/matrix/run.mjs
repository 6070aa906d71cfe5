/** Runs `npm run test:matrix`; see `--help`. Plain JavaScript, since it runs before anything is compiled. */
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { argv, env, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';
import { installed, nodeOf } from './install.mjs';
import { layOut } from './tree.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

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
  'test/drivers/redis/',
  'test/conformance/redis',
  'test/conformance/stores',
  'test/matrix/',
];
const SMOKE = [
  'test/e2e/smoke',
  'test/e2e/journey',
  'test/e2e/failed-commit',
  'test/nest/registry',
  'test/sockets/places',
  'test/graphql/operations',
  'test/conformance/redis.spec',
  'test/drivers/redis/redis.driver',
  'test/stores/foreign-stores',
  'test/migrate/take-over',
];

/**
 * Files that need SQLite: better-sqlite3 is built for one version of Node only. Tests that run on all stores leave it
 * out.
 */
const NEEDS_SQLITE = [
  'test/nest/*-sqlite.spec.ts',
  'test/drivers/database/**',
  'test/conformance/database-sqlite.spec.ts',
];

/**
 * From this Node on, with Nest 12, the tests use the newest versions of the libraries that applications bring: some of
 * those need it.
 */
const NEWEST_FROM_NODE = 22;

/** Files that need packages installed for the project's own Nest only. */
const NEEDS_NEST_12 = ['test/jobs/queues.spec.ts'];

/** @param {string} node path of a Node */
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
  const tree = layOut(nest === '12' ? undefined : installed(`nest-${nest}`), [
    ...(nest === '12' && Number(major) >= NEWEST_FROM_NODE ? [installed('newest')] : []),
    ...(builds ? [installed('builders')] : []),
  ]);
  try {
    const config = join(root, 'test/matrix/vitest.config.ts');
    const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config];
    const exclude = without.map((file) => `--exclude=${file}`);
    // Commands that tests start by name (npm, and through it an application's own tests) run on the same Node.
    const PATH = [dirname(node), env['PATH']].join(delimiter);
    const { status } = spawnSync(node, [...args, ...exclude, ...files], {
      cwd: tree,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, PATH, MATRIX_TREE: tree, MATRIX_NEST: nest, MATRIX_SQLITE: sqlite ? 'yes' : 'no' },
    });
    return status === 0;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const read = readArguments(argv.slice(2));
if ('said' in read) {
  console.log(read.said);
  exit(read.status);
}
const { nests, nodes, smoke, build, files: named } = read.asked;
const files = named.length > 0 ? named : smoke ? SMOKE : EVERYTHING;

if (build) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });

const failed = nests
  .flatMap((nest) => nodes.map((node) => ({ nest, node })))
  .filter(({ nest, node }) => !run(nest, node));
for (const { nest, node } of failed) console.log(`*** Nest ${nest} on Node ${node}: failed`);
exit(failed.length === 0 ? 0 : 1);
