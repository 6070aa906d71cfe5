import type { DriverLifecycle } from '../driver.js';

/** Thrown instead of making a call: the store has stopped answering. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
}

/** A call was not answered in time. It may be carried out all the same. */
export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError';

  /**
   * @param limitMs how long it was waited for
   * @param probed whether the call was one that tries whether the store is back
   */
  constructor(
    readonly limitMs: number,
    readonly probed: boolean,
  ) {
    super(`No answer within ${limitMs} ms`);
  }
}

/** What may want to hear that its store has stopped answering. */
type Stallable = Pick<DriverLifecycle, 'stalled'>;

/** How long a probe may hold its request: while the store is silent, no request waits for `limitMs`. */
const PROBE_LIMIT_MS = 250;
/** So many probes may follow each other without a pause: most stores that stop answering do so for a moment. */
const PROBES_AT_ONCE = 3;
/** Between probes after those. With the probe itself there is one at least every half second. */
const PAUSE_MS = 250;

/**
 * Limits the time of calls on a store, and keeps calls from piling up in front of one that accepts them but has stopped
 * answering (paused, cut off, behind a broken network): a circuit breaker.
 *
 * Once a call has waited for `limitMs` and none was answered meanwhile, the circuit is open: calls are refused at once, but
 * for one at a time that probes whether the store is back. The first answer, to whatever call, closes it. A call that
 * rejects is no answer, and no silence either.
 */
export class CircuitBreaker {
  readonly #limitMs: number;
  #answers = 0;
  #isOpen = false;
  /** When the store was last found silent, by the process's running time. */
  #stalledAt = 0;
  #isProbing = false;
  #failedProbes = 0;
  #nextProbeAt = 0;

  /** @param limitMs how long a call may wait for its answer; Infinity for no limit, and so no silence */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * Makes a call.
   *
   * @param store its `stalled` is called each time it has left all calls without an answer for `limitMs`
   * @param always makes it also where the circuit is open, and waits as long as `limitMs`: for whoever asks how the store is
   * @throws CircuitOpenError without making it, CallTimeoutError after the limit, or what the call throws
   */
  run<T>(call: () => Promise<T>, store: Stallable = {}, always = false): Promise<T> {
    const probes = this.#isOpen && !always;
    if (probes && !this.#takeProbe())
      return Promise.reject(new CircuitOpenError('The store has stopped answering'));
    const limitMs = probes ? Math.min(PROBE_LIMIT_MS, this.#limitMs) : this.#limitMs;
    const answersBefore = this.#answers;
    return new Promise<T>((resolve, reject) => {
      const timer =
        limitMs === Infinity
          ? undefined
          : setTimeout(() => {
              if (probes) this.#probeFailed();
              if (answersBefore === this.#answers) this.#foundSilent(store);
              reject(new CallTimeoutError(limitMs, probes));
            }, limitMs);
      begun(call).then(
        (value) => {
          clearTimeout(timer);
          this.#answered();
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          if (probes) this.#probeFailed();
          reject(error);
        },
      );
    });
  }

  #answered(): void {
    this.#answers += 1;
    this.#isOpen = false;
    this.#isProbing = false;
    this.#failedProbes = 0;
  }

  #foundSilent(store: Stallable): void {
    const now = performance.now();
    if (this.#isOpen && now - this.#stalledAt < this.#limitMs) return;
    this.#isOpen = true;
    this.#stalledAt = now;
    try {
      store.stalled?.();
    } catch {
      // This runs in a timer, where an error would end the process. Whatever it was to mend goes on failing, and says so.
    }
  }

  #takeProbe(): boolean {
    if (this.#isProbing || performance.now() < this.#nextProbeAt) return false;
    this.#isProbing = true;
    return true;
  }

  #probeFailed(): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#failedProbes += 1;
    if (this.#failedProbes >= PROBES_AT_ONCE) this.#nextProbeAt = performance.now() + PAUSE_MS;
  }
}

/** A call whose driver may throw before it returns a promise, or return none: it may be plain JavaScript. */
export function begun<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error);
  }
}
