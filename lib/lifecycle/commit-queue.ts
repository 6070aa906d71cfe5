/** What the last one in the queue left behind: the newest that this process knows of a record. */
export type Newest =
  | {
      readonly kind: 'record';
      readonly version: number;
      readonly payload: string;
      readonly expiresAt: number;
    }
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'gone' };

interface Waiter {
  /** When it joined, by the monotonic clock: the wall clock may be stopped or set. */
  readonly since: number;
  readonly go: () => void;
  readonly fail: (error: unknown) => void;
}

interface Line {
  /** Those who wait for their turn, in order; null as long as nobody does. */
  waiting: Waiter[] | null;
  newest: Newest | null;
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
   * @param patience ms. Where a task fails after so long, those who have waited for it so long fail with it: behind a
   * store that does not answer, the last in line would otherwise wait for everybody's time-out, one after the other
   */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /**
   * Runs a task when those before it on the same id are through.
   *
   * @param task gets what is known to be newest (null: nothing) and a way to say what it left behind
   */
  async run<T>(
    id: string,
    task: (newest: Newest | null, leave: (newest: Newest) => void) => Promise<T>,
  ): Promise<T> {
    let line = this.#lines.get(id);
    if (line === undefined) {
      line = { waiting: null, newest: null };
      this.#lines.set(id, line);
    } else {
      await this.#wait(line);
    }
    const mine = line;
    const begun = performance.now();
    try {
      return await task(mine.newest, (newest) => {
        mine.newest = newest;
      });
    } catch (error) {
      // What a failed write left in the store is not known.
      mine.newest = null;
      if (mine.waiting !== null && performance.now() - begun >= this.#patience) {
        this.#failWithIt(mine.waiting, error);
      }
      throw error;
    } finally {
      const next = mine.waiting?.shift();
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

  #failWithIt(waiting: Waiter[], error: unknown): void {
    const since = performance.now() - this.#patience;
    const first = waiting.findIndex((waiter) => waiter.since > since);
    for (const waiter of waiting.splice(0, first === -1 ? waiting.length : first)) waiter.fail(error);
  }
}
