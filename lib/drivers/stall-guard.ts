/** Thrown instead of a call to a store that has stopped answering. */
export class StoreStalledError extends Error {
  override readonly name = 'StoreStalledError';
}

const mostTickMs = 100;
const ticksPerLimit = 8;

/**
 * Keeps calls from piling up in front of a store that accepts them but has stopped answering (paused, cut off, behind a
 * broken network), where a client would queue them without end.
 *
 * Once a call has waited for `limitMs` and none was answered meanwhile, further ones are refused at once, but for one at
 * a time to find out whether the store is back: up to ten a second. The first answer lets all through again.
 */
export class StallGuard {
  readonly #limitMs: number;
  readonly #tickMs: number;
  readonly #onStall: () => void;
  #pending = 0;
  #silentTicks = 0;
  #answered = false;
  #stalled = false;
  #mayProbe = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limitMs how long the store may leave all calls without an answer
   * @param onStall called each time that span has passed without one, e.g. to drop the connection
   */
  constructor(limitMs: number, onStall: () => void = () => undefined) {
    this.#limitMs = limitMs;
    this.#tickMs = Math.max(1, Math.min(mostTickMs, limitMs / ticksPerLimit));
    this.#onStall = onStall;
  }

  /**
   * Makes a call. A call that rejects counts as unanswered.
   *
   * @throws StoreStalledError without making it, where the store has stopped answering
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#stalled && !this.#takeProbe()) throw new StoreStalledError('The store has stopped answering');
    this.#pending++;
    this.#timer ??= this.#startTimer();
    try {
      const result = await call();
      this.reset();
      return result;
    } finally {
      this.#pending--;
    }
  }

  /** The store has given a sign of life. */
  reset(): void {
    this.#answered = true;
    this.#stalled = false;
  }

  #takeProbe(): boolean {
    const mayProbe = this.#mayProbe;
    this.#mayProbe = false;
    return mayProbe;
  }

  #startTimer(): NodeJS.Timeout {
    const timer = setInterval(() => this.#tick(), this.#tickMs);
    // Its calls keep the process alive, not the watch over them.
    timer.unref();
    return timer;
  }

  #tick(): void {
    this.#mayProbe = true;
    if (this.#answered || this.#pending === 0) this.#silentTicks = 0;
    else this.#silentTicks++;
    this.#answered = false;
    if (this.#silentTicks * this.#tickMs >= this.#limitMs) {
      this.#silentTicks = 0;
      this.#stalled = true;
      this.#onStall();
    }
    if (this.#pending === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
