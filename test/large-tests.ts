import { relative } from 'node:path';

/**
 * Spec files, relative to this folder, that need a server, a browser, a compiler, other processes or all parts together
 * (a gateway, a resolver, requests in parallel), and so take longer. A name ending with a slash stands for a whole folder.
 * All others are unit tests.
 */
export const LARGE = [
  'browser/',
  'conformance/',
  'drivers/back-within-a-second',
  'drivers/database/database.driver',
  'drivers/database/entity',
  'drivers/database/mariadb',
  'drivers/database/outage',
  'drivers/database/statements',
  'drivers/database/table',
  'drivers/database/widen-last-activity',
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
  'graphql/',
  'jobs/queues',
  'manuals/adonisjs-session',
  'manuals/ostrojs-session',
  'migrate/coming-over',
  'migrate/coming-over-servers',
  'model/',
  'nest/ended-by-request',
  'nest/list-pages-file',
  'nest/list-pages-servers',
  'nest/sessions-per-user-servers',
  'nest/signed-in-histories',
  'nest/store-check-redis',
  'package/',
  'parallel/',
  'readme',
  'schematics/',
  'scripts',
  'servers/',
  'sockets/',
  'types/',
];

const isFolder = (name: string): boolean => name.endsWith('/');

/** The same as globs for vitest, relative to the repository root. */
export const LARGE_GLOBS = LARGE.map((name) => `test/${name}${isFolder(name) ? '**' : '.spec.ts'}`);

/** @param path the path of a spec file */
export function isLarge(path: string): boolean {
  const file = relative(import.meta.dirname, path).replaceAll('\\', '/');
  return LARGE.some((name) => (isFolder(name) ? file.startsWith(name) : file === `${name}.spec.ts`));
}
