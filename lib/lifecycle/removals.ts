import type { SessionState } from '../state/session-state.js';
import type { Base } from './base.js';

/** A session that was destroyed, as it stood then. */
export interface Condemned {
  readonly state: SessionState;
  readonly base: Base | null;
  /** A commit that was storing it then. */
  readonly storing: Promise<void> | null;
}

/** The records of one request that are to be removed: one after the other, and again where the store failed. */
export class Removals {
  readonly #remove: (condemned: Condemned) => Promise<void>;
  readonly #waiting: Condemned[] = [];
  #running: Promise<void> | null = null;

  constructor(remove: (condemned: Condemned) => Promise<void>) {
    this.#remove = remove;
  }

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  add(condemned: Condemned): void {
    this.#waiting.push(condemned);
  }

  /** Removes what waits. What could not be removed stays, for the next run. */
  run(): Promise<void> {
    const before = this.#running;
    const running = this.#runAfter(before);
    this.#running = running;
    // Whoever waits for it hears of a failure.
    running.catch(() => undefined);
    return running;
  }

  async #runAfter(before: Promise<void> | null): Promise<void> {
    // How that one ended was reported to whoever waited for it.
    if (before !== null) await before.catch(() => undefined);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      // A commit under way must not store behind our back what is being removed; how it ends is its caller's business.
      if (next.storing !== null) await next.storing.catch(() => undefined);
      await this.#remove(next);
      this.#waiting.shift();
    }
  }

  /** Waits for the run under way, or begins one. Reports a failure once: the next call tries again. */
  async finish(): Promise<void> {
    const running = this.#running ?? this.run();
    try {
      await running;
    } finally {
      if (this.#running === running) this.#running = null;
    }
  }
}
