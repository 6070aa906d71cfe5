import type { Clock } from '../clock.js';

/** What a call on a store was for. */
export type StoreUse = 'reading' | 'removing' | 'writing';

/** What works in a store where something else fails: a full one still removes, a replica still reads. */
const NEEDS: Readonly<Record<StoreUse, number>> = { reading: 0, removing: 1, writing: 2 };

/** Where the two lines go. */
export interface HealthLog {
  warn(message: string): void;
  error(message: string): void;
}

/** After so long without a failure whatever succeeds shows that the store is back. */
const calmMs = 60_000;
/** How often within that time it is said that the store is back, before a calm is waited for. */
const mostRecoveries = 3;
/** Of so many ids it is remembered that they failed. */
const mostIds = 1_000;

/**
 * Tells the operator once when a store begins to fail, and once when it is back.
 *
 * What works of a store in trouble does not show that it is back: one that can be read but not written (a full disk, a
 * replica that was promoted to nothing) is back only when a write succeeds, and one of whose servers only some fail only
 * when a call succeeds on an id that failed, or when none has failed for a minute. Otherwise requests would say in turn
 * that it is back and that it fails.
 */
export class StoreHealth {
  readonly #name: string;
  readonly #log: HealthLog;
  readonly #clock: Clock;
  /** What has to succeed before the store counts as back. Null: it is well. */
  #failing: StoreUse | null = null;
  readonly #failedIds = new Set<string>();
  #failedAt = 0;
  /** When it was back, the latest few times. */
  readonly #backAt: number[] = [];
  /** Counts what was noticed, so that what a call made before that tells is known to be old. */
  #failures = 0;
  #recoveries = 0;

  /** @param name of the driver */
  constructor(name: string, log: HealthLog, clock: Clock) {
    this.#name = name;
    this.#log = log;
    this.#clock = clock;
  }

  /** To be asked when a call begins, and handed to `succeeded`: the late success of a call made before a failure is none. */
  get failures(): number {
    return this.#failures;
  }

  /** To be asked when a call begins, and handed to `failed`: what failed before the store was back is no new trouble. */
  get recoveries(): number {
    return this.#recoveries;
  }

  /** A call on an id succeeded that was begun at so many failures. */
  succeeded(use: StoreUse, id: string, failuresAtBegin: number): void {
    if (this.#failing === null || failuresAtBegin !== this.#failures) return;
    if (NEEDS[use] < NEEDS[this.#failing]) return;
    const now = this.#clock.now();
    const isCalm = now - this.#failedAt >= calmMs;
    if (!isCalm && (!this.#failedIds.has(id) || this.#comesAndGoes(now))) return;
    this.#failing = null;
    this.#failedIds.clear();
    this.#recoveries += 1;
    this.#backAt.push(now);
    if (this.#backAt.length > mostRecoveries) this.#backAt.shift();
    // As loud as a warning: who silences the level `log` would wait for this line for ever.
    this.#log.warn(`The session store "${this.#name}" is back.`);
  }

  /**
   * A call on an id failed that was begun at so many recoveries.
   *
   * @param message what happened, without anything secret
   */
  failed(use: StoreUse, id: string, message: string, recoveriesAtBegin: number): void {
    if (recoveriesAtBegin !== this.#recoveries) return;
    this.#failures += 1;
    this.#failedAt = this.#clock.now();
    if (this.#failedIds.size < mostIds) this.#failedIds.add(id);
    const wasWell = this.#failing === null;
    // Where it cannot even be read, the first success of any kind is the end of the trouble.
    if (this.#failing === null || NEEDS[use] < NEEDS[this.#failing]) this.#failing = use;
    if (wasWell) this.#log.error(`${message} Said once; the next line will say that it is back.`);
  }

  #comesAndGoes(now: number): boolean {
    const [earliest] = this.#backAt;
    return this.#backAt.length === mostRecoveries && earliest !== undefined && now - earliest < calmMs;
  }
}
