import type { RecordEnding } from './record-ending.js';
import { type Found, type RecordFinder } from './record-finder.js';
import { type RecordStore, writeOwn } from './record-store.js';
import type { Move, Shipment } from './shipment.js';

/** How an attempt to move a session ended; with what was found in place of the version that it was based on. */
export type Moved =
  | { readonly kind: 'stored' }
  /** What was stored under the new id before has gone from the store: nothing of the shipment is there. */
  | { readonly kind: 'lost' }
  | Found;

const STORED = { kind: 'stored' } as const;
const LOST = { kind: 'lost' } as const;

/**
 * One request's moves to new ids: the record is stored under the new id first, and then the old one is left. In between
 * nobody else knows the new one, so that what comes to nothing can be taken away again.
 */
export class Relocation {
  readonly #store: RecordStore;
  readonly #ending: RecordEnding;
  readonly #finder: RecordFinder;
  /** The record under a new id that nobody else knows yet. */
  #home: { readonly id: string; readonly version: number } | null = null;

  constructor(store: RecordStore, ending: RecordEnding, finder: RecordFinder) {
    this.#store = store;
    this.#ending = ending;
    this.#finder = finder;
  }

  /** The version of what is stored under a new id already; 0 for nothing. */
  versionUnder(id: string): number {
    return this.#home?.id === id ? this.#home.version : 0;
  }

  /** Stores under the new id, then leaves the old one with a marker for those under way. */
  async move(shipment: Shipment, from: Move): Promise<Moved> {
    const { id, record } = shipment;
    if (!shipment.placed) {
      await this.abandon(id);
      if (!(await writeOwn(this.#store, id, record))) {
        this.#home = null;
        return LOST;
      }
      this.#home = { id, version: record.version };
      shipment.placed = true;
    }
    if (await this.#ending.mark(from.id, from.version, id)) return STORED;
    const found = await this.#finder.find(from.id);
    return found.kind === 'moved' && found.to === id ? STORED : found;
  }

  /** Takes away what was stored under a new id and came to nothing, unless it is the one to go on with. */
  async abandon(next: string | null): Promise<void> {
    const home = this.#home;
    if (home === null || home.id === next) return;
    await this.#store.destroy(home.id);
    this.#home = null;
  }

  /** The new id is the session's own now. */
  settled(): void {
    this.#home = null;
  }
}
