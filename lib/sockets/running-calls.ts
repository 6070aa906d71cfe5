/** The longest wait for running calls, in ms. */
const LONGEST_WAIT_MS = 5000;

/**
 * The handlers and hooks of an application's sockets that are running in a loaded session. When the application
 * shuts down, all clients are disconnected at once; what these calls write can be stored only as long as the
 * store is open.
 */
export class RunningCalls {
  readonly #hosts = new Set<object>();
  readonly #waiting = new Set<() => void>();

  /** @param host the host of the session that the call runs in, as for `end` */
  begin(host: object): void {
    this.#hosts.add(host);
  }

  /** What the call has written is stored. A second call for the same host does nothing. */
  end(host: object): void {
    if (!this.#hosts.delete(host) || this.#hosts.size > 0) return;
    for (const ended of this.#waiting) ended();
  }

  /**
   * @returns once no call is running, and at the latest after `limitMs`: a handler may never answer. Calls that are
   * still running then are not waited for again
   */
  async allEnded(limitMs: number): Promise<void> {
    if (this.#hosts.size === 0) return;
    let ended: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      ended = resolve;
      timer = setTimeout(resolve, Math.min(limitMs, LONGEST_WAIT_MS));
      this.#waiting.add(ended);
    });
    clearTimeout(timer);
    this.#waiting.delete(ended);
    this.#hosts.clear();
  }
}
