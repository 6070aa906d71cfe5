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

interface Line {
  /** Those who wait for their turn, in order; null as long as nobody does. */
  waiting: (() => void)[] | null;
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
      const queued = (line.waiting ??= []);
      await new Promise<void>((resolve) => {
        queued.push(resolve);
      });
    }
    const mine = line;
    try {
      return await task(mine.newest, (newest) => {
        mine.newest = newest;
      });
    } catch (error) {
      // What a failed write left in the store is not known.
      mine.newest = null;
      throw error;
    } finally {
      const next = mine.waiting?.shift();
      if (next === undefined) this.#lines.delete(id);
      else next();
    }
  }
}
