import type { Change, FlashChange } from './changes.js';

/** A change of flash messages that a write of this request has stored. */
export interface StoredChange {
  /** The number of that write. */
  readonly stamp: number;
  readonly change: FlashChange;
}

/**
 * All that a request changed, in order. A change leaves the list when a write has stored it: values then have it in them.
 * Of flash messages it goes on to a list of its own: they can still be taken back, and keep the number of their write.
 */
export class ChangeLog {
  #pending: Change[] = [];
  readonly #stored: StoredChange[];
  /** How many of the pending changes there are up to the last one that is more than a repetition of what was so anyway. */
  #effective = 0;

  /** @param stored what the same request has stored before */
  constructor(stored: readonly StoredChange[] = []) {
    this.#stored = [...stored];
  }

  /** The changes that are not stored. */
  get pending(): readonly Change[] {
    return this.#pending;
  }

  /** The changes of flash messages that are stored. */
  get stored(): readonly StoredChange[] {
    return this.#stored;
  }

  /** Whether the pending changes are a reason to commit. */
  get effective(): boolean {
    return this.#effective > 0;
  }

  /** @param effective false where the change only repeats what is so already, and is no reason to commit */
  record(change: Change, effective = true): void {
    this.#pending.push(change);
    if (effective) this.#effective = this.#pending.length;
  }

  /** The pending changes as they came out on a newer record. */
  replayed(changes: Change[]): void {
    this.#pending = changes;
  }

  /**
   * A write has stored the changes that were recorded first.
   *
   * @param count how many
   * @param stamp the number of the write
   */
  settle(count: number, stamp: number): void {
    for (const change of this.#pending.splice(0, count))
      if (isFlashChange(change)) this.#stored.push({ stamp, change });
    this.#effective = Math.max(0, this.#effective - count);
  }
}

export function isFlashChange(change: Change): change is FlashChange {
  return FLASH_OPS.has(change.op);
}

const FLASH_OPS: ReadonlySet<Change['op']> = new Set<FlashChange['op']>([
  'flash',
  'flashFields',
  'keepFlash',
  'forgetFlash',
  'clearFlash',
  'leaveOthers',
]);
