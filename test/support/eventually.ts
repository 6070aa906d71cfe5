import { vi } from 'vitest';

/** Waits until a check passes: on a slow machine as long as that takes. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 500_000, interval: 10 });
}
