/** Calls something some hundred times a second, whether or not earlier calls have been answered, until it is stopped. */
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

  /** Ends it. @returns how many calls wait for their answers */
  stop(): number {
    clearInterval(this.#timer);
    return this.#waiting.size;
  }

  /** Until the calls so far have come to their ends. */
  async answered(): Promise<void> {
    await Promise.all(this.#waiting);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
