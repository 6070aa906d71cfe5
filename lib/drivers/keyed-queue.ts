/** Runs tasks of the same key one after the other, and tasks of different keys side by side. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs a task once every earlier task of its key has settled. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const running = before === undefined ? task() : before.then(task, task);
    this.#last.set(key, running);
    const leave = () => {
      if (this.#last.get(key) === running) this.#last.delete(key);
    };
    // The caller gets `running`, and handles its failure.
    void running.then(leave, leave);
    return running;
  }
}
