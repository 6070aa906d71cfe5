import type { SessionRecord } from '../../drivers/driver.js';

/** What the last one in the queue left behind: the newest that this process knows of a record. */
export type Newest =
  | { readonly kind: 'record'; readonly record: SessionRecord }
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'gone' };

interface Waiter {
  /** When it joined, by the monotonic clock: the wall clock may be stopped or set. */
  readonly since: number;
  readonly go: () => void;
  readonly fail: (error: unknown) => void;
}

/** A task's turn at a record. */
export interface Turn {
  /** The newest that is known of the record, null for nothing; to be set to what the task leaves behind. */
  newest: Newest | null;
}

interface Line extends Turn {
  /** Those who wait for their turn, in order; null as long as nobody does. */
  waiting: Waiter[] | null;
}

/**
 * Commits to one session inside one process, one after the other. Whoever comes next is told what the one before wrote,
 * and can go on from there without reading: so N parallel commits cost N writes, not N squared attempts.
 *
 * Only a matter of cost: that no update is lost is seen to by the version check of the store.
 */
export class CommitQueue {
  readonly #lines = new Map<string, Line>();
  readonly #patience: number;

  /**
   * @param patience ms. Where a task fails that ran for at least so long, those who have waited for at least so long fail with the
   * same error: behind a store that does not answer, the last one would otherwise wait for everybody's time-out, one after the other
   */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Runs a task when those before it on the same id are through. */
  async run<T>(id: string, task: (turn: Turn) => Promise<T>): Promise<T> {
    let line = this.#lines.get(id);
    /** When the task began, where others may have waited since before that. */
    let begun = -Infinity;
    if (line === undefined) {
      line = { newest: null, waiting: null };
      this.#lines.set(id, line);
    } else {
      await this.#wait(line);
      begun = performance.now();
    }
    try {
      return await task(line);
    } catch (error) {
      // What a failed write left in the store is not known.
      line.newest = null;
      if (line.waiting !== null) this.#failWithIt(line.waiting, begun, error);
      throw error;
    } finally {
      const next = line.waiting?.shift();
      if (next === undefined) this.#lines.delete(id);
      else next.go();
    }
  }

  #wait(line: Line): Promise<void> {
    const waiting = (line.waiting ??= []);
    return new Promise((go, fail) => {
      waiting.push({ since: performance.now(), go, fail });
    });
  }

  #failWithIt(waiting: Waiter[], begun: number, error: unknown): void {
    const latest = performance.now() - this.#patience;
    if (begun > latest) return;
    const first = waiting.findIndex((waiter) => waiter.since > latest);
    for (const waiter of waiting.splice(0, first === -1 ? waiting.length : first)) waiter.fail(error);
  }
}
