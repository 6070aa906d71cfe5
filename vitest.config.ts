import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { isLarge } from './test/large-tests.js';

const sizeOf = ({ moduleId }: TestSpecification): number => statSync(moduleId).size;
const rankOf = ({ moduleId }: TestSpecification): number => {
  if (moduleId.endsWith('/kept-headers.spec.ts')) return 0;
  return isLarge(moduleId) ? 1 : 2;
};

/**
 * Runs large files first, as some take long. The unit tests, which take a moment each, fill the gaps at the end. The very
 * first is one that collects all garbage again and again, while its process has loaded little.
 */
class LargeFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(
      files.toSorted((one, other) => rankOf(one) - rankOf(other) || sizeOf(other) - sizeOf(one)),
    );
  }
}

export default defineConfig({
  resolve: {
    // Longer names first: an alias also matches every path below it.
    alias: {
      'nestjs-session-kit/conformance': new URL('./lib/conformance/index.ts', import.meta.url).pathname,
      'nestjs-session-kit/migrate': new URL('./lib/migrate/index.ts', import.meta.url).pathname,
      'nestjs-session-kit/testing': new URL('./lib/testing/index.ts', import.meta.url).pathname,
      'nestjs-session-kit/typeorm': new URL('./lib/drivers/database/index.ts', import.meta.url).pathname,
      'nestjs-session-kit': new URL('./lib/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    // By default, vitest leaves one core to itself. Many files wait for a server, a browser or a timeout, so one process
    // more than there are cores keeps the machine busy.
    maxWorkers: availableParallelism() + 1,
    include: ['test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', 'test/bench/**', 'test/matrix/**'],
    globalSetup: ['test/servers/global-setup.ts'],
    // All files are one project: with several, each would have its own processes, and each of those would load the package,
    // Nest and the drivers.
    sequence: { sequencer: LargeFirst },
    // Files in one process share their modules, so that the package, Nest and the drivers are loaded once. No file may leave
    // a stub, timer or listener behind.
    isolate: false,
    // Concurrent tests (`it.concurrent`) mostly wait for timers, files and browsers, and use little CPU.
    maxConcurrency: 10,
    setupFiles: [new URL('./test/support/restore-environment.ts', import.meta.url).pathname],
    // These only end tests that hang: how long a test takes depends on the machine.
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
