import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { isLarge } from './test/large-tests.js';

const sizeOf = ({ moduleId }: TestSpecification): number => statSync(moduleId).size;
const rankOf = ({ moduleId }: TestSpecification): number => (isLarge(moduleId) ? 0 : 1);

/** What is large first, as some of it takes long: the units, which take a moment each, are there for whichever process is free. */
class LargeFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(
      files.toSorted((one, other) => rankOf(one) - rankOf(other) || sizeOf(other) - sizeOf(one)),
    );
  }
}

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
    include: ['test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', 'test/bench/**', 'test/matrix/**'],
    globalSetup: ['test/servers/global-setup.ts'],
    // All are one project: processes are of one project each, and every one of them loads the package, Nest and the drivers.
    sequence: { sequencer: LargeFirst },
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
