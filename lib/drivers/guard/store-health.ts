import { CHANNELS } from '../../events/channels.js';
import type { Clock } from '../clock.js';
import type { SessionLog } from '../session-log.js';
import { OutageLog } from './outage-log.js';

/** What a call on a store was for. */
export type StoreUse = 'reading' | 'removing' | 'writing';

/** What works in a store where something else fails: a full one still removes, a replica still reads. */
const NEEDS: Readonly<Record<StoreUse, number>> = { reading: 0, removing: 1, writing: 2 };

/** After so long without a failure whatever succeeds shows that the store is back. */
const CALM_MS = 60_000;
/** Of so many ids it is remembered that they failed. */
const MOST_IDS = 1_000;

/**
 * Tells when a store begins to fail, and when it is back.
 *
 * What works of a store in trouble does not show that it is back: one that can be read but not written (a full disk, a
 * replica) is back only when a write succeeds, and one of whose servers only some fail only
 * when a call succeeds on an id that failed, or when none has failed for a minute. Otherwise requests would say in turn
 * that it is back and that it fails.
 */
export class StoreHealth {
  readonly #name: string;
  readonly #log: OutageLog;
  readonly #clock: Clock;
  /** What has to succeed before the store counts as back. Null: it is well. */
  #failing: StoreUse | null = null;
  readonly #failedIds = new Set<string>();
  #failedAt = 0;
  /** When the trouble began, in epoch ms, and how many calls had failed before it. */
  #failingSince = 0;
  #failuresBefore = 0;
  /** Counts what was noticed, so that what a call made before that tells is known to be old. */
  #failures = 0;
  #recoveries = 0;

  /** @param name of the driver */
  constructor(name: string, log: SessionLog, clock: Clock) {
    this.#name = name;
    this.#log = new OutageLog(name, log, clock);
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
    if (
      this.#failing !== null &&
      failuresAtBegin === this.#failures &&
      this.#showsBack(use, id, this.#failing)
    )
      this.#back();
    // That it is back may have had to wait for its line.
    if (this.#failing === null) this.#log.isWell();
  }

  #showsBack(use: StoreUse, id: string, failing: StoreUse): boolean {
    if (NEEDS[use] < NEEDS[failing]) return false;
    return this.#failedIds.has(id) || this.#clock.now() - this.#failedAt >= CALM_MS;
  }

  #back(): void {
    this.#failing = null;
    this.#failedIds.clear();
    this.#recoveries += 1;
    const channel = CHANNELS['store-recovered'];
    if (!channel.hasSubscribers) return;
    const at = this.#clock.now();
    const failures = this.#failures - this.#failuresBefore;
    channel.publish({ driver: this.#name, at, ms: at - this.#failingSince, failures });
  }

  /**
   * A call on an id failed that was begun at so many recoveries.
   *
   * @param message what happened, without anything secret
   * @param cause the same text for what an operator mends in the same way
   */
  failed(use: StoreUse, id: string, message: string, cause: string, recoveriesAtBegin: number): void {
    if (recoveriesAtBegin !== this.#recoveries) return;
    this.#failures += 1;
    this.#failedAt = this.#clock.now();
    if (this.#failedIds.size < MOST_IDS) this.#failedIds.add(id);
    const wasWell = this.#failing === null;
    if (wasWell) this.#begins(use);
    // Where it cannot even be read, the first success of any kind is the end of the trouble.
    if (this.#failing === null || NEEDS[use] < NEEDS[this.#failing]) this.#failing = use;
    this.#log.fails(message, cause, wasWell);
  }

  #begins(use: StoreUse): void {
    this.#failingSince = this.#failedAt;
    this.#failuresBefore = this.#failures - 1;
    const channel = CHANNELS['store-failed'];
    if (channel.hasSubscribers) channel.publish({ driver: this.#name, at: this.#failedAt, use });
  }
}
