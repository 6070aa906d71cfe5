import type { SessionRecord } from '../../drivers/driver.js';

/** What the previous task in the queue left behind: the newest state of a record that this process knows. */
type Newest =
  | { readonly kind: 'record'; readonly record: SessionRecord }
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'gone' };

interface Waiter {
  /** When it joined, by the monotonic clock: the wall clock may be paused or adjusted. */
  readonly since: number;
  readonly go: () => void;
  readonly fail: (error: unknown) => void;
}

/** A task's turn at a record. */
export interface Turn {
  /** The newest known state of the record, null if unknown. The task sets it to what it leaves behind. */
  newest: Newest | null;
}

interface Queue extends Turn {
  /** The waiting tasks, in order; null until the first one waits. */
  waiting: Waiter[] | null;
}

/**
 * Gives the requests of one process turns at a record, one after the other: to write it, or to remove it. Each
 * learns what the previous one left behind and can continue from there without a read, so N parallel commits cost
 * N writes rather than N² attempts. What happens in a turn is up to the task (`merging-writer.ts` commits).
 *
 * This only saves work: the store's version check is what prevents lost updates.
 */
export class TurnQueue {
  readonly #queues = new Map<string, Queue>();
  readonly #patience: number;

  /**
   * @param patience ms. If a task that ran for at least this long fails, tasks that have waited for at least
   * this long fail with the same error. Behind a store that does not answer, the last task would otherwise
   * wait for the time-outs of all others in turn
   */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Runs a task after the earlier ones for the same id. */
  async run<T>(id: string, task: (turn: Turn) => Promise<T>): Promise<T> {
    let queue = this.#queues.get(id);
    /** When the task began, if others may have waited since before that. */
    let begun = -Infinity;
    if (queue === undefined) {
      queue = { newest: null, waiting: null };
      this.#queues.set(id, queue);
    } else {
      await this.#wait(queue);
      begun = performance.now();
    }
    try {
      return await task(queue);
    } catch (error) {
      // It is unknown what a failed write left in the store.
      queue.newest = null;
      if (queue.waiting !== null) this.#failWithIt(queue.waiting, begun, error);
      throw error;
    } finally {
      const next = queue.waiting?.shift();
      if (next === undefined) this.#queues.delete(id);
      else next.go();
    }
  }

  #wait(queue: Queue): Promise<void> {
    const waiting = (queue.waiting ??= []);
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
