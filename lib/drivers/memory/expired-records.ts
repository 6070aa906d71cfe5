import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SessionRecord } from '../driver.js';
import type { ShardedMap } from './sharded-map.js';

/** Well below the 20 ms of the contract: what else stops a process, such as its own memory management, comes on top. */
const sliceMs = 2;
/** Reading the time costs more than looking at a record. */
const recordsPerLook = 256;

/**
 * Goes through all records and removes the expired ones, in slices between which requests get their turn.
 *
 * @param now epoch milliseconds
 * @param remove takes one record out of wherever it is kept
 * @returns how many were removed
 */
export async function removeExpired<K extends { readonly record: SessionRecord }>(
  records: ShardedMap<K>,
  now: number,
  remove: (kept: K) => void,
): Promise<number> {
  let removed = 0;
  let seen = 0;
  // How long a slice takes is a matter of the machine, not of the clock that sessions expire by.
  let sliceEndMs = performance.now() + sliceMs;
  for (const kept of records.values()) {
    if (kept.record.expiresAt <= now) {
      remove(kept);
      removed++;
    }
    if (++seen % recordsPerLook === 0 && performance.now() >= sliceEndMs) {
      await nextTurn();
      sliceEndMs = performance.now() + sliceMs;
    }
  }
  return removed;
}
