/** Runs the asynchronous work of a request on its sessions one at a time. */
export class RequestQueue {
  /** Null where nothing is under way. */
  #last: Promise<void> | null = null;
  #underWay = 0;

  get busy(): boolean {
    return this.#last !== null;
  }

  /**
   * Runs a task when those before it are through, and at once where none is under way. How those ended is the business of
   * whoever called for them.
   */
  run(task: () => Promise<void>): Promise<void>;
  run(task: () => Promise<void> | void): Promise<void> | void;
  run(task: () => Promise<void> | void): Promise<void> | void {
    const running = this.#last === null ? task() : this.#last.then(task, task);
    return running === undefined ? undefined : this.#hold(running);
  }

  #hold(running: Promise<void>): Promise<void> {
    this.#underWay += 1;
    this.#last = this.#through(running);
    return this.#last;
  }

  async #through(running: Promise<void>): Promise<void> {
    try {
      await running;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#last = null;
    }
  }
}
