import { CHANNELS } from '../../events/channels.js';
import type { Clock } from '../clock.js';
import type { SessionLog } from '../session-log.js';
import { OutageLog } from './outage-log.js';

/** The purpose of a store call. */
export type StoreUse = 'reading' | 'removing' | 'writing';

/** Ranks what still works while something else fails: a full store still removes, a replica still reads. */
const NEEDS: Readonly<Record<StoreUse, number>> = { reading: 0, removing: 1, writing: 2 };

/** After this long without a failure, any success shows that the store is back. */
const CALM_MS = 60_000;
/** How many failed ids are remembered. */
const MOST_IDS = 1_000;

/**
 * Detects when a store begins to fail, and when it is back.
 *
 * A success does not always show that a failing store is back. A store that can be read but not written (a full
 * disk, a replica) is back only when a write succeeds. A store with some failing servers is back only when a
 * call succeeds on an id that failed, or when no call has failed for a minute. Otherwise requests would
 * alternately report that it is back and that it fails.
 */
export class StoreHealth {
  readonly #name: string;
  readonly #log: OutageLog;
  readonly #clock: Clock;
  /** The use that has to succeed before the store counts as back. Null if the store is well. */
  #failing: StoreUse | null = null;
  readonly #failedIds = new Set<string>();
  #failedAt = 0;
  /** When the outage began, in epoch ms, and how many calls had failed before it. */
  #failingSince = 0;
  #failuresBefore = 0;
  /**
   * How many calls have failed. Read it when a call begins, and pass it to `succeeded`: the late success of a call
   * made before a failure does not count.
   */
  failures = 0;
  /**
   * How often the store came back. Read it when a call begins, and pass it to `failed`: a call that began before
   * the store was back is no new outage.
   */
  recoveries = 0;

  /** @param name of the driver */
  constructor(name: string, log: SessionLog, clock: Clock) {
    this.#name = name;
    this.#log = new OutageLog(name, log, clock);
    this.#clock = clock;
  }

  /** Notes that a call on an id succeeded. `failuresAtBegin` is the count when the call began. */
  succeeded(use: StoreUse, id: string, failuresAtBegin: number): void {
    if (
      this.#failing !== null &&
      failuresAtBegin === this.failures &&
      this.#showsBack(use, id, this.#failing)
    )
      this.#back();
    // The line that the store is back may have been held back.
    if (this.#failing === null) this.#log.isWell();
  }

  #showsBack(use: StoreUse, id: string, failing: StoreUse): boolean {
    if (NEEDS[use] < NEEDS[failing]) return false;
    return this.#failedIds.has(id) || this.#clock.now() - this.#failedAt >= CALM_MS;
  }

  #back(): void {
    this.#failing = null;
    this.#failedIds.clear();
    this.recoveries += 1;
    const channel = CHANNELS['store-recovered'];
    if (!channel.hasSubscribers) return;
    const at = this.#clock.now();
    const failures = this.failures - this.#failuresBefore;
    channel.publish({ driver: this.#name, at, ms: at - this.#failingSince, failures });
  }

  /**
   * Notes that a call on an id failed. `recoveriesAtBegin` is the count when the call began.
   *
   * @param message what happened, without anything secret
   * @param cause the same text for all failures with the same remedy
   */
  failed(use: StoreUse, id: string, message: string, cause: string, recoveriesAtBegin: number): void {
    if (recoveriesAtBegin !== this.recoveries) return;
    this.failures += 1;
    this.#failedAt = this.#clock.now();
    if (this.#failedIds.size < MOST_IDS) this.#failedIds.add(id);
    const wasWell = this.#failing === null;
    if (wasWell) this.#begins(use);
    // If the store cannot even be read, the first success of any kind ends the outage.
    if (this.#failing === null || NEEDS[use] < NEEDS[this.#failing]) this.#failing = use;
    this.#log.fails(message, cause, wasWell);
  }

  #begins(use: StoreUse): void {
    this.#failingSince = this.#failedAt;
    this.#failuresBefore = this.failures - 1;
    const channel = CHANNELS['store-failed'];
    if (channel.hasSubscribers) channel.publish({ driver: this.#name, at: this.#failedAt, use });
  }
}
