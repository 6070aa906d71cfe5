import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a busy machine may make of the second within which sessions work again. That nobody pauses for longer is tested
 * apart from any machine in back-within-a-second.spec.ts; what is never back is not back after this either.
 */
export const backWithinMs = 120_000;

/** How long a call takes to end, either way, in ms. */
export async function durationOf(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call().catch(() => undefined);
  return performance.now() - start;
}

/** Tries again until a call succeeds; how long that took, in ms. */
export async function timeUntilItWorks(
  call: () => Promise<unknown>,
  limitMs = 2 * backWithinMs,
): Promise<number> {
  const start = performance.now();
  for (;;) {
    const works = await call().then(
      () => true,
      () => false,
    );
    const elapsed = performance.now() - start;
    if (works || elapsed > limitMs) return elapsed;
    await sleep(10);
  }
}
