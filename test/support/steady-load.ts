/** Makes a call every 3 ms, whether or not earlier calls have been answered, until stopped. */
export class SteadyLoad implements Disposable {
  readonly #waiting = new Set<Promise<unknown>>();
  readonly #timer: NodeJS.Timeout;

  /** @param call may fail */
  constructor(call: () => Promise<unknown>) {
    this.#timer = setInterval(() => {
      const pending: Promise<unknown> = call()
        .catch((error: unknown) => error)
        .finally(() => this.#waiting.delete(pending));
      this.#waiting.add(pending);
    }, 3);
  }

  /** Stops the load. @returns how many calls are still unanswered */
  stop(): number {
    clearInterval(this.#timer);
    return this.#waiting.size;
  }

  /** Resolves when all calls so far have settled. */
  async answered(): Promise<void> {
    await Promise.all(this.#waiting);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
