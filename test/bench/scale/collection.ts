import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EventLoopWatch, type LongestBlock } from './event-loop.js';
import type { ScaleStore } from './store.js';

/** How a collection went, and what a request beside it noticed. */
export interface Collection {
  readonly removed: number;
  readonly tookMs: number;
  readonly longestBlock: LongestBlock;
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
  const watch = new EventLoopWatch();
  const collecting = new AbortController();
  let slowestReadMs = 0;
  const readOn = async (): Promise<void> => {
    while (!collecting.signal.aborted) {
      const start = performance.now();
      await driver.read(anyId());
      slowestReadMs = Math.max(slowestReadMs, performance.now() - start);
      // Requests come in over the event loop.
      await nextTurn();
    }
  };
  const reading = readOn();
  const start = performance.now();
  const removed = await driver.collectGarbage(now);
  const tookMs = performance.now() - start;
  collecting.abort();
  const longestBlock = await watch.stop();
  await reading;
  return { removed, tookMs, longestBlock, slowestReadMs };
}
