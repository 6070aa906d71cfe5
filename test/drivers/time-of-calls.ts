import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A timeout for `vi.waitFor`, shorter than that of vitest for a hanging test, so that the report says what was missing.
 * That no pause exceeds a second is tested in back-within-a-second.spec.ts, independent of the machine.
 */
export const backWithinMs = 500_000;

/** Retries until a call succeeds. If it never does, vitest ends the test. */
export async function untilItWorks(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const works = await call().then(
      () => true,
      () => false,
    );
    if (works) return;
    await sleep(10);
  }
}
