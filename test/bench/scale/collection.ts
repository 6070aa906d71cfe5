import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EventLoopWatch, type LongestBlock } from './event-loop.js';
import type { ScaleStore } from './store.js';

/** The result of a collection, and its effect on concurrent requests. */
export interface Collection {
  readonly removed: number;
  readonly tookMs: number;
  readonly longestBlock: LongestBlock;
  /** The slowest read during the collection. */
  readonly slowestReadMs: number;
}

/**
 * Collects garbage while sessions are read one after the other.
 *
 * @returns undefined if the store removes expired records itself
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
      // Requests arrive through the event loop.
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
