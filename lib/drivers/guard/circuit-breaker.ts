import type { DriverLifecycle } from '../driver.js';

/** Thrown instead of making a call, because the store has stopped answering. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
}

/** A call was not answered in time. It may still be carried out. */
export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError';

  /**
   * @param limitMs how long the caller waited
   * @param probed whether the call was a probe of whether the store is back
   */
  constructor(
    readonly limitMs: number,
    readonly probed: boolean,
  ) {
    super(`No answer within ${limitMs} ms`);
  }
}

/** Anything that wants to be told that its store has stopped answering. */
type Stallable = Pick<DriverLifecycle, 'stalled'>;

/** How long a probe may hold its request: while the store is silent, no request waits for `limitMs`. */
const PROBE_LIMIT_MS = 250;
/** How many probes may follow each other without a pause: most stores that stop answering do so for a moment. */
const PROBES_AT_ONCE = 3;
/** The pause between later probes. Together with the probe's own time, there is one at least every half second. */
const PAUSE_MS = 250;

/**
 * A circuit breaker: limits the duration of calls on a store, and keeps calls from piling up in front of a
 * store that accepts them but has stopped answering (paused, cut off, behind a broken network).
 *
 * Once a call has waited for `limitMs` and no call was answered meanwhile, the circuit is open: calls are
 * refused at once, except for one at a time that probes whether the store is back. The first answer, to any
 * call, closes the circuit. A call that rejects counts neither as an answer nor as silence.
 */
export class CircuitBreaker {
  readonly #limitMs: number;
  #answers = 0;
  #isOpen = false;
  /** When the store was last found not to answer, by `performance.now()`. */
  #stalledAt = 0;
  #probe: symbol | null = null;
  #failedProbes = 0;
  #nextProbeAt = 0;

  /**
   * @param limitMs how long a call may wait for its answer; Infinity for no limit, so the circuit never opens
   */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * Makes a call.
   *
   * @param store its `stalled` is called each time it has left all calls unanswered for `limitMs`
   * @param always makes the call even if the circuit is open, and waits as long as `limitMs`: for checks of the
   * store
   * @throws CircuitOpenError without making the call, CallTimeoutError after the limit, or what the call throws
   */
  run<T>(call: () => Promise<T>, store: Stallable = {}, always = false): Promise<T> {
    const probe = this.#isOpen && !always ? Symbol('probe') : null;
    if (probe !== null) {
      if (this.#probe !== null || performance.now() < this.#nextProbeAt)
        return Promise.reject(new CircuitOpenError('The store has stopped answering'));
      this.#probe = probe;
    }
    const limitMs = probe === null ? this.#limitMs : Math.min(PROBE_LIMIT_MS, this.#limitMs);
    const answersBefore = this.#answers;
    return new Promise<T>((resolve, reject) => {
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        // Not if this probe was given up before: the next one is under way by now.
        if (probe !== null && probe === this.#probe) this.#probeFailed();
        reject(error);
      };
      const timer =
        limitMs === Infinity
          ? undefined
          : setTimeout(() => {
              if (answersBefore === this.#answers) this.#foundSilent(store);
              fail(new CallTimeoutError(limitMs, probe !== null));
            }, limitMs);
      begun(call).then((value) => {
        clearTimeout(timer);
        this.#answered();
        resolve(value);
      }, fail);
    });
  }

  #answered(): void {
    this.#answers += 1;
    this.#isOpen = false;
    this.#probe = null;
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
      // This runs in a timer, where an error would end the process. The problem that `stalled` should fix goes
      // on failing and is reported.
    }
  }

  #probeFailed(): void {
    this.#probe = null;
    this.#failedProbes += 1;
    if (this.#failedProbes >= PROBES_AT_ONCE) this.#nextProbeAt = performance.now() + PAUSE_MS;
  }
}

/** Makes a call. A driver may be plain JavaScript, and throw before it returns a promise, or return none. */
export function begun<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error);
  }
}
