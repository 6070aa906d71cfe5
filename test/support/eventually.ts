import { vi } from 'vitest';

/** Waits until a check passes, however slow the machine. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 500_000, interval: 10 });
}
