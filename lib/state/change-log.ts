import type { Change, FlashChange } from './changes.js';

/** The changes of flash messages that one write has stored, under its number. */
type StoredFlash = readonly [stamp: number, changes: readonly FlashChange[]];

/**
 * All that a request changed, in order. A change leaves the list when a write has stored it. One of flash messages goes on to
 * a list of its own: its message is stored under the number of that write, and can still be taken back.
 */
export class ChangeLog {
  /** What is not stored. After a merge: as it came out there. */
  pending: Change[] = [];
  readonly storedFlash: StoredFlash[];
  /** Length of the pending list up to its last change that makes a commit due; 0 if none does. */
  effective = 0;

  /** @param storedFlash what the same request has stored before */
  constructor(storedFlash: readonly StoredFlash[] = []) {
    this.storedFlash = [...storedFlash];
  }

  /** @param effective false where the change only repeats what is so already, and is no reason to commit */
  record(change: Change, effective = true): void {
    this.pending.push(change);
    if (effective) this.effective = this.pending.length;
  }

  /** The write with this number has stored the first changes, so many. */
  dropStored(count: number, stamp: number): void {
    const flash: FlashChange[] = [];
    for (const change of this.pending.splice(0, count)) if (change.op === 'flash') flash.push(change.change);
    if (flash.length > 0) this.storedFlash.push([stamp, flash]);
    this.effective = Math.max(0, this.effective - count);
  }
}
