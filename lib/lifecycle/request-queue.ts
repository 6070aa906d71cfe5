/**
 * What one request does to its sessions, one thing after the other. Where nothing is under way, a task runs at once, and
 * one that needs no waiting makes no promise.
 */
export class RequestQueue {
  /** Null where nothing is under way. */
  #last: Promise<unknown> | null = null;
  #underWay = 0;

  get busy(): boolean {
    return this.#last !== null;
  }

  /** Runs a task when those before it are through; how they ended is the business of whoever called for them. */
  run<T>(task: () => Promise<T>): Promise<T>;
  run<T>(task: () => Promise<T> | T): Promise<T> | T;
  run<T>(task: () => Promise<T> | T): Promise<T> | T {
    const running = this.#last === null ? task() : this.#last.then(task, task);
    if (!(running instanceof Promise)) return running;
    this.#underWay += 1;
    const through = this.#through(running);
    this.#last = through;
    return through;
  }

  async #through<T>(running: Promise<T>): Promise<T> {
    try {
      return await running;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#last = null;
    }
  }
}
