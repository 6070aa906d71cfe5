import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: { 'nestjs-session-kit': new URL('./lib/index.ts', import.meta.url).pathname },
  },
  test: {
    include: ['test/**/*.spec.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    globalSetup: ['test/servers/global-setup.ts'],
    // Vitest leaves one core to itself; on a machine of two that would be half of it.
    maxWorkers: '100%',
    // How fast a test is, its machine decides: these end what hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
    coverage: {
      provider: 'v8',
      include: ['lib/**'],
      reporter: ['text-summary', 'text'],
      thresholds: { branches: 90 },
      reportOnFailure: true,
    },
  },
});
