import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The longer name first: an alias is taken for everything below it too.
    alias: {
      'nestjs-session-kit/conformance': new URL('./lib/conformance/index.ts', import.meta.url).pathname,
      'nestjs-session-kit': new URL('./lib/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    include: ['test/**/*.spec.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    globalSetup: ['test/servers/global-setup.ts'],
    // Vitest leaves one core to itself; on a machine of two that would be half of it.
    maxWorkers: '100%',
    testTimeout: 30_000,
    // Real servers are stopped, paused and killed under load: where the machine itself is starved meanwhile, such a test gets
    // another try, and vitest's report says so.
    retry: process.env['CI'] === 'true' ? 2 : 0,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['lib/**'],
      reporter: ['text-summary', 'text'],
      thresholds: { branches: 90 },
      reportOnFailure: true,
    },
  },
});
