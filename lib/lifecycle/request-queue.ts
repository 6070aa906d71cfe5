/** Runs the asynchronous work of a request on its sessions one at a time. */
export class RequestQueue {
  /** Null if nothing is under way. */
  #last: Promise<void> | null = null;

  get busy(): boolean {
    return this.#last !== null;
  }

  /**
   * Runs a task after those before it, or at once if there are none. The task also runs if an earlier one
   * failed: that failure is reported to that task's caller.
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
