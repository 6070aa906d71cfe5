import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** What needs a server, a browser, a compiler, many processes or all parts together, and so more than a moment. All else is a unit test. */
const LARGE = [
  'test/browser/**/*.spec.ts',
  'test/conformance/{database-mariadb,database-postgres,file,memcached,redis,redis-cluster,stores-servers}.spec.ts',
  'test/drivers/back-within-a-second.spec.ts',
  'test/drivers/database/{database.driver,entity,mariadb,outage,statements,table}.spec.ts',
  'test/drivers/dying-processes.spec.ts',
  'test/drivers/file/file.processes.spec.ts',
  'test/drivers/memcached/memcached{-trouble,.driver}.spec.ts',
  'test/drivers/guard/stores-that-fail.spec.ts',
  'test/drivers/redis/redis{-roles,-sentinel,-trouble,.driver}.spec.ts',
  'test/e2e/**/*.spec.ts',
  'test/jobs/queues.spec.ts',
  'test/manuals/{adonisjs,ostrojs}-session.spec.ts',
  'test/migrate/coming-over-servers.spec.ts',
  'test/model/**/*.spec.ts',
  'test/nest/{list-pages-file,list-pages-servers,sessions-per-user-servers}.spec.ts',
  'test/nest/store-check-redis.spec.ts',
  'test/package/**/*.spec.ts',
  'test/parallel/{histories,histories-stores,ledger-histories,left,logout,slow-requests,user-sessions}.spec.ts',
  'test/readme.spec.ts',
  'test/schematics/**/*.spec.ts',
  'test/servers/**/*.spec.ts',
  'test/sockets/ends.spec.ts',
  'test/types/**/*.spec.ts',
];

export default defineConfig({
  resolve: {
    // The longer names first: an alias is taken for everything below it too.
    alias: {
      'nestjs-session-kit/conformance': new URL('./lib/conformance/index.ts', import.meta.url).pathname,
      'nestjs-session-kit/migrate': new URL('./lib/migrate/index.ts', import.meta.url).pathname,
      'nestjs-session-kit/testing': new URL('./lib/testing/index.ts', import.meta.url).pathname,
      'nestjs-session-kit/typeorm': new URL('./lib/drivers/database/index.ts', import.meta.url).pathname,
      'nestjs-session-kit': new URL('./lib/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    // Vitest leaves one core to itself. Many files wait for a server, a browser or a time-out: one process more than there
    // are cores works meanwhile.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.spec.ts'],
          exclude: ['test/bench/**', 'test/matrix/**', ...LARGE],
        },
      },
      {
        extends: true,
        test: {
          name: 'large',
          include: LARGE,
          globalSetup: ['test/servers/global-setup.ts'],
        },
      },
    ],
    // Files that run in one process load the package, Nest and the drivers once: a file leaves no stub, timer or listener
    // to the next.
    isolate: false,
    // Tests side by side (`it.concurrent`) wait for timers, files and browsers, and hardly need a processor meanwhile.
    maxConcurrency: 10,
    setupFiles: [new URL('./test/support/restore-environment.ts', import.meta.url).pathname],
    // How fast a test is, its machine decides: these end what hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 500_000 } },
    coverage: {
      provider: 'v8',
      include: ['lib/**'],
      reporter: ['text-summary', 'text'],
      thresholds: { branches: 90 },
      reportOnFailure: true,
    },
  },
});
