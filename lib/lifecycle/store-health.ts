import type { SessionLog } from './session-runtime.js';

/** What a call on a store was for. */
export type StoreUse = 'reading' | 'writing';

/**
 * Tells the operator once when a store begins to fail, and once when it is back.
 *
 * A store that can be read but not written (a full disk, a replica that was promoted to nothing) is back only when a
 * write succeeds: otherwise each request would say that it is back, and then that it fails.
 */
export class StoreHealth {
  readonly #name: string;
  readonly #log: SessionLog;
  /** What has to succeed before the store counts as back. Null: it is well. */
  #failing: StoreUse | null = null;
  /** Counts what was noticed, so that what a call made before that tells is known to be old. */
  #failures = 0;
  #recoveries = 0;

  /** @param name of the driver */
  constructor(name: string, log: SessionLog) {
    this.#name = name;
    this.#log = log;
  }

  /** To be asked when a call begins, and handed to `succeeded`: the late success of a call made before a failure is none. */
  get failures(): number {
    return this.#failures;
  }

  /** To be asked when a call begins, and handed to `failed`: what failed before the store was back is no new trouble. */
  get recoveries(): number {
    return this.#recoveries;
  }

  /** A call succeeded that was begun at so many failures. */
  succeeded(use: StoreUse, failuresAtBegin: number): void {
    if (this.#failing === null || failuresAtBegin !== this.#failures) return;
    if (use === 'reading' && this.#failing === 'writing') return;
    this.#failing = null;
    this.#recoveries += 1;
    // As loud as a warning: who silences the level `log` would wait for this line for ever.
    this.#log.warn(`The session store "${this.#name}" is back.`);
  }

  /**
   * A call failed that was begun at so many recoveries.
   *
   * @param message what happened, without anything secret
   */
  failed(use: StoreUse, message: string, recoveriesAtBegin: number): void {
    if (recoveriesAtBegin !== this.#recoveries) return;
    this.#failures += 1;
    const wasWell = this.#failing === null;
    // Where it cannot even be read, the first success of any kind is the end of the trouble.
    if (wasWell || use === 'reading') this.#failing = use;
    if (wasWell) this.#log.error(`${message} Said once; the next line will say that it is back.`);
  }
}
