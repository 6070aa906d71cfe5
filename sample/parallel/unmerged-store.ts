import { Injectable } from '@nestjs/common';

import type { Tally } from './tally.js';

/** The maximum number of visitors that are kept: this is a demonstration, and visitors come and go. */
const MOST_VISITORS = 1000;

/**
 * A session store of the usual kind, for comparison: a request loads everything, changes it, and saves
 * everything. Whatever another request has saved in between is overwritten.
 */
@Injectable()
export class UnmergedStore {
  /** As text, like in a store: no two requests share an object. */
  readonly #saved = new Map<string, string>();

  /** @returns a copy; an empty tally if nothing was saved */
  load(visitor: string): Tally {
    const saved = this.#saved.get(visitor);
    return saved === undefined ? { count: 0, names: [] } : JSON.parse(saved);
  }

  /** Replaces the whole tally. */
  save(visitor: string, tally: Tally): void {
    this.#saved.delete(visitor);
    this.#saved.set(visitor, JSON.stringify(tally));
    const [oldest] = this.#saved.keys();
    if (this.#saved.size > MOST_VISITORS && oldest !== undefined) this.#saved.delete(oldest);
  }

  forget(visitor: string): void {
    this.#saved.delete(visitor);
  }
}
