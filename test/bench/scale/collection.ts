import { performance, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { EventLoopWatch } from './event-loop.js';
import type { ScaleStore } from './store.js';

/** How a collection went, and what a request beside it noticed. */
export interface Collection {
  readonly removed: number;
  readonly tookMs: number;
  /** The longest that the event loop did not turn, without the time that other programs had all cores. */
  readonly longestBlockMs: number;
  /** The longest pause of V8 for its own garbage in that time, which is part of the above. */
  readonly longestGcMs: number;
  /** The slowest read while it ran. */
  readonly slowestReadMs: number;
}

/**
 * Collects garbage while sessions are read one after the other.
 *
 * @returns undefined where the store removes what has expired by itself
 */
export async function watchCollection(
  { driver }: ScaleStore,
  now: number,
  anyId: () => string,
): Promise<Collection | undefined> {
  if (driver.collectGarbage === undefined) return undefined;
  let longestGcMs = 0;
  const pauses = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestGcMs = Math.max(longestGcMs, duration);
  });
  pauses.observe({ entryTypes: ['gc'] });
  const watch = new EventLoopWatch();

  const collecting = new AbortController();
  let slowestReadMs = 0;
  const read = async (): Promise<void> => {
    while (!collecting.signal.aborted) {
      const start = performance.now();
      await driver.read(anyId());
      slowestReadMs = Math.max(slowestReadMs, performance.now() - start);
      // Requests come in over the event loop
      await nextTurn();
    }
  };
  const reading = read();
  const start = performance.now();
  const removed = await driver.collectGarbage(now);
  const tookMs = performance.now() - start;
  collecting.abort();
  await reading;
  const longestBlockMs = watch.stop();
  // Pauses are reported a turn later.
  await sleep(5);
  pauses.disconnect();
  return { removed, tookMs, longestBlockMs, longestGcMs, slowestReadMs };
}
