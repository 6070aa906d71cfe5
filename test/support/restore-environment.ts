import { afterEach, vi } from 'vitest';

// Test files share a process. An application that starts before a file's first test must not see environment variables
// stubbed by the last test of another file; vitest itself restores them only before the next test.
afterEach(() => {
  vi.unstubAllEnvs();
});
