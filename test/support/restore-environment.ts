import { afterEach, vi } from 'vitest';

// Files share a process, and an application that starts before the first test of a file must not find what the last test of
// another has put into the environment: vitest itself restores that only before the next test.
afterEach(() => {
  vi.unstubAllEnvs();
});
