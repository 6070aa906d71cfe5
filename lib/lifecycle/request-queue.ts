/** Runs the asynchronous work of a request on its sessions one at a time. */
export class RequestQueue {
  /** Null where nothing is under way. */
  #last: Promise<void> | null = null;

  get busy(): boolean {
    return this.#last !== null;
  }

  /**
   * Runs a task when those before it are through, and at once where none is under way. It runs also where one of those has failed:
   * whoever called for that one hears of it.
   */
  run(task: () => Promise<void>): Promise<void>;
  run(task: () => Promise<void> | void): Promise<void> | void;
  run(task: () => Promise<void> | void): Promise<void> | void {
    const running = this.#last === null ? task() : this.#last.then(task, task);
    if (running === undefined) return;
    const last = running.finally(() => {
      if (this.#last === last) this.#last = null;
    });
    return (this.#last = last);
  }
}
