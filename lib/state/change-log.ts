import type { Change, FlashChange } from './changes.js';

/** The flash changes that one write stored, with its number. */
type StoredFlash = readonly [stamp: number, changes: readonly FlashChange[]];

/**
 * All changes of a request, in order. A change leaves the list once a write has stored it. Flash changes move
 * to a second list: their messages are stored under the number of that write, and can still be removed.
 */
export class ChangeLog {
  /** The changes that are not stored. After a merge, with the results of the replay. */
  pending: Change[] = [];
  readonly storedFlash: StoredFlash[] = [];
  /** Length of the pending list up to the last change that makes a commit due; 0 if none does. */
  effective = 0;
  /** Whether a write has stored the end of the session that the request came with. */
  #endIsStored = false;

  /** Whether the request has ended the session that it came with, and no write has stored that yet. */
  get isEnding(): boolean {
    return this.pending.some(({ op }) => op === 'leaveOthers');
  }

  /** Whether the request has ended the session that it came with. */
  get hasEnded(): boolean {
    return this.#endIsStored || this.isEnding;
  }

  /** The log after the session was reloaded: without the changes that are not stored. */
  reloaded(): ChangeLog {
    const next = new ChangeLog();
    next.storedFlash.push(...this.storedFlash);
    next.#endIsStored = this.#endIsStored;
    return next;
  }

  /** @param effective false if the change has no effect, and so is no reason to commit */
  record(change: Change, effective = true): void {
    this.pending.push(change);
    if (effective) this.effective = this.pending.length;
  }

  /** Called when the write with this number has stored the first `count` changes. */
  dropStored(count: number, stamp: number): void {
    const flash: FlashChange[] = [];
    for (const change of this.pending.splice(0, count)) {
      if (change.op === 'flash') flash.push(change.change);
      if (change.op === 'leaveOthers') this.#endIsStored = true;
    }
    if (flash.length > 0) this.storedFlash.push([stamp, flash]);
    this.effective = Math.max(0, this.effective - count);
  }
}
