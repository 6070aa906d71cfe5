import type { Change, FlashChange } from './changes.js';

/** A change of flash messages, and the number of the write that stored it. */
type StoredFlashChange = readonly [stamp: number, change: FlashChange];

/**
 * All that a request changed, in order. A change leaves the list when a write has stored it: values then have it in them.
 * Of flash messages it goes on to a list of its own: they can still be taken back, and keep the number of their write.
 */
export class ChangeLog {
  /** What is not stored. After a merge: as it came out there. */
  pending: Change[] = [];
  readonly storedFlash: StoredFlashChange[];
  /** How many of the pending changes there are up to the last one that is a reason to commit: none where nothing is. */
  effective = 0;

  /** @param storedFlash what the same request has stored before */
  constructor(storedFlash: readonly StoredFlashChange[] = []) {
    this.storedFlash = [...storedFlash];
  }

  /** @param effective false where the change only repeats what is so already, and is no reason to commit */
  record(change: Change, effective = true): void {
    this.pending.push(change);
    if (effective) this.effective = this.pending.length;
  }

  /** The write with this number has stored the first changes, so many. */
  settle(count: number, stamp: number): void {
    for (const change of this.pending.splice(0, count))
      if (change.op === 'flash') this.storedFlash.push([stamp, change.change]);
    this.effective = Math.max(0, this.effective - count);
  }
}
