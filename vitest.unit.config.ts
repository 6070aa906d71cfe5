import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import everything from './vitest.config.js';
import { LARGE_GLOBS } from './test/large-tests.js';

const { globalSetup: _servers, exclude = [], ...shared } = everything.test ?? {};

/** Runs only the unit tests, which start no servers: `npm run test:unit`. */
export default defineConfig({
  ...everything,
  // These tests hardly wait: a third process would only load everything once more.
  test: { ...shared, maxWorkers: availableParallelism(), exclude: [...exclude, ...LARGE_GLOBS] },
});
