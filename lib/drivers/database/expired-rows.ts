import { setImmediate as nextTurn } from 'node:timers/promises';

/** How expired rows are removed from one kind of database. */
interface ExpiredRows {
  /** Removes up to `size` of the longest expired rows, and returns how many. */
  removeBatch(size: number): Promise<number>;
  /** Does what a batch leaves to be done later in this thread. Omitted if a server does the work. */
  finish?(): Promise<void>;
  /** Called after each batch. */
  progressed?: (() => void) | undefined;
  /** True stops the collection after the current batch. */
  isClosed(): boolean;
}

const SERVER_BATCH = 1000;
const FIRST_OWN_BATCH = 20;
// Below this, the commit takes most of the time, whatever its size.
const SMALLEST_OWN_BATCH = 10;
const LARGEST_OWN_BATCH = 500;
/** How long one step in this thread should take, well below the 20 ms that the contract allows. */
const TARGET_MS = 5;

/**
 * Removes expired rows in batches, with a turn of the event loop between them. Batches that block the event
 * loop are sized by how long the last one took.
 *
 * @returns how many were removed
 */
export async function removeInBatches(rows: ExpiredRows): Promise<number> {
  let size = rows.finish === undefined ? SERVER_BATCH : FIRST_OWN_BATCH;
  let total = 0;
  while (!rows.isClosed()) {
    const removing = await timed(() => rows.removeBatch(size));
    total += removing.result;
    rows.progressed?.();
    await nextTurn();
    const finishing = await timed(async () => rows.finish?.());
    if (removing.result < size) break;
    if (rows.finish !== undefined) size = nextSize(size, Math.max(removing.tookMs, finishing.tookMs));
    await nextTurn();
  }
  return total;
}

async function timed<T>(step: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const startedAt = performance.now();
  const result = await step();
  return { result, tookMs: performance.now() - startedAt };
}

function nextSize(size: number, tookMs: number): number {
  const fitting = Math.floor((size * TARGET_MS) / Math.max(tookMs, 0.1));
  // Grows slowly: the next rows may be larger than the last.
  return Math.max(SMALLEST_OWN_BATCH, Math.min(fitting, size * 2, LARGEST_OWN_BATCH));
}
