import { setTimeout as sleep } from 'node:timers/promises';

/**
 * For what vitest waits for: less than after what it ends a test that hangs, so that the report says what was missing. That nobody
 * pauses for longer than a second is tested apart from any machine in back-within-a-second.spec.ts.
 */
export const backWithinMs = 500_000;

/** Tries again until a call succeeds. What never does is ended by vitest. */
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
