import { relative } from 'node:path';

/**
 * The spec files, below this folder, of what needs a server, a browser, a compiler, many processes or all parts together, and so more
 * than a moment. A name that ends with a slash stands for all in a folder. All else is a unit test.
 */
export const LARGE = [
  'browser/',
  'conformance/database-mariadb',
  'conformance/database-postgres',
  'conformance/file',
  'conformance/memcached',
  'conformance/redis',
  'conformance/redis-cluster',
  'conformance/stores-servers',
  'drivers/back-within-a-second',
  'drivers/database/database.driver',
  'drivers/database/entity',
  'drivers/database/mariadb',
  'drivers/database/outage',
  'drivers/database/statements',
  'drivers/database/table',
  'drivers/dying-processes',
  'drivers/file/file.processes',
  'drivers/guard/stores-that-fail',
  'drivers/memcached/memcached-trouble',
  'drivers/memcached/memcached.driver',
  'drivers/redis/redis-roles',
  'drivers/redis/redis-sentinel',
  'drivers/redis/redis-trouble',
  'drivers/redis/redis.driver',
  'e2e/',
  'jobs/queues',
  'manuals/adonisjs-session',
  'manuals/ostrojs-session',
  'migrate/coming-over-servers',
  'model/',
  'nest/list-pages-file',
  'nest/list-pages-servers',
  'nest/sessions-per-user-servers',
  'nest/store-check-redis',
  'package/',
  'parallel/histories',
  'parallel/histories-stores',
  'parallel/ledger-histories',
  'parallel/left',
  'parallel/logout',
  'parallel/slow-requests',
  'parallel/user-sessions',
  'readme',
  'schematics/',
  'servers/',
  'sockets/ends',
  'types/',
];

const isFolder = (name: string): boolean => name.endsWith('/');

/** The same for vitest, from the root of the repository. */
export const LARGE_GLOBS = LARGE.map((name) => `test/${name}${isFolder(name) ? '**' : '.spec.ts'}`);

/** @param path of a spec file */
export function isLarge(path: string): boolean {
  const file = relative(import.meta.dirname, path).replaceAll('\\', '/');
  return LARGE.some((name) => (isFolder(name) ? file.startsWith(name) : file === `${name}.spec.ts`));
}
