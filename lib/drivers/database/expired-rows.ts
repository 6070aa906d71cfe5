import { setImmediate as nextTurn } from 'node:timers/promises';

/** A database server deletes while this process goes on; SQLite deletes in this very thread. */
const serverBatch = 1000;
const firstSqliteBatch = 20;
const largestSqliteBatch = 500;
/** What one SQLite statement may take, well below the 20 ms that the contract allows. */
const sqliteTargetMs = 5;

/**
 * Removes expired rows batch by batch, and lets the event loop turn between them.
 *
 * @param removeBatch removes up to so many and says how many it removed
 * @param inThisThread true where removing blocks the event loop: then batches are sized by what the last one took
 * @param isClosed true ends it after the current batch
 * @returns how many were removed
 */
export async function removeInBatches(
  removeBatch: (size: number) => Promise<number>,
  inThisThread: boolean,
  isClosed: () => boolean,
): Promise<number> {
  let size = inThisThread ? firstSqliteBatch : serverBatch;
  let total = 0;
  while (!isClosed()) {
    const startedAt = performance.now();
    const removed = await removeBatch(size);
    total += removed;
    if (removed < size) break;
    if (inThisThread) size = nextSize(size, performance.now() - startedAt);
    await nextTurn();
  }
  return total;
}

function nextSize(size: number, tookMs: number): number {
  const fitting = Math.floor((size * sqliteTargetMs) / Math.max(tookMs, 0.1));
  // Grows slowly: the next rows may be larger than the last.
  return Math.max(1, Math.min(fitting, size * 2, largestSqliteBatch));
}
