/** The longest wait for running calls, in ms. */
const LONGEST_WAIT_MS = 5000;

/** Calls that need an open store, so that a shutdown can wait for those that are running. */
export class RunningCalls {
  readonly #calls = new Set<object>();
  readonly #waiting: (() => void)[] = [];

  /** @param call stands for the call, as for `end` */
  begin(call: object): void {
    this.#calls.add(call);
  }

  /** The call needs the store no longer. Does nothing if it has ended already. */
  end(call: object): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0) return;
    for (const ended of this.#waiting.splice(0)) ended();
  }

  /**
   * @returns once no call is running, and at the latest after `limitMs`: a call may never end. Calls that are
   * still running then are not waited for again
   */
  async allEnded(limitMs: number): Promise<void> {
    if (this.#calls.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(limitMs, LONGEST_WAIT_MS));
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#calls.clear();
  }
}
