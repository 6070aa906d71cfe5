import { Injectable } from '@nestjs/common';

import type { Tally } from './tally.js';

/** Of so many visitors something is kept at most: it is a demonstration, and visitors come and go. */
const MOST_VISITORS = 1000;

/**
 * A session store of the usual kind, to compare with: a request loads the whole, changes it, and saves the whole. Whatever
 * another request has saved between the two is overwritten.
 */
@Injectable()
export class UnmergedStore {
  /** As text, as a store keeps it: no two requests hold the same object. */
  readonly #saved = new Map<string, string>();

  /** @returns a copy, which is nobody else's; an empty one where nothing was saved */
  load(visitor: string): Tally {
    const saved = this.#saved.get(visitor);
    return saved === undefined ? { count: 0, names: [] } : JSON.parse(saved);
  }

  /** Puts a whole tally in the place of what is there. */
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
