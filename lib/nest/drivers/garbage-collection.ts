import { type AnyDriver, isSealing } from '../../drivers/driver.js';
import { systemClock } from '../../drivers/clock.js';
import { waitFor } from '../../drivers/guard/driver-task.js';
import { countAnswered } from '../../drivers/guard/guarded-driver.js';
import { failureReason } from '../../drivers/guard/failure-reason.js';
import { CHANNELS } from '../../events/channels.js';
import type { SessionLog } from '../../drivers/session-log.js';
import { SessionError, SessionStoreError } from '../../session.errors.js';
import { type SessionSettings, driversInUse } from '../session.settings.js';

/**
 * Removes expired records from a store that does not expire them itself: on request, and at the interval of the
 * option `gc`.
 */
export class GarbageCollection {
  readonly #settings: SessionSettings;
  readonly #driverInUse: () => AnyDriver;
  readonly #log: SessionLog;
  #timer: NodeJS.Timeout | null = null;
  /** The round that is under way. */
  #round: Promise<number> | null = null;

  /** @param driverInUse returns the driver that keeps records, if any; called in each round */
  constructor(settings: SessionSettings, driverInUse: () => AnyDriver, log: SessionLog) {
    this.#settings = settings;
    this.#driverInUse = driverInUse;
    this.#log = log;
  }

  /**
   * Runs one round. Only one runs at a time: a call during a round joins that round.
   *
   * @returns how many records were removed
   * @throws SessionStoreError if the driver makes no progress for ten times the option `storeTimeout`, or
   * returns no number; also rethrows driver errors
   */
  async collect(): Promise<number> {
    try {
      return await this.#joined();
    } catch (error) {
      // Nest logs no such error, and no guard is before this call.
      if (error instanceof SessionStoreError) this.#log.error(error.message);
      throw error;
    }
  }

  #joined(): Promise<number> {
    return (this.#round ??= this.#collect().finally(() => {
      this.#round = null;
    }));
  }

  async #collect(): Promise<number> {
    const driver = this.#driverInUse();
    if (isSealing(driver)) return 0;
    const { storeTimeout } = this.#settings;
    const [inUse, name = inUse] = driversInUse(this.#settings);
    const removed = await waitFor({
      driver: name,
      method: 'collectGarbage',
      storeTimeout,
      call: (progressed) => driver.collectGarbage?.(systemClock.now(), progressed),
    });
    const count = countAnswered(name, removed);
    if (count > 0 && CHANNELS.expired.hasSubscribers)
      CHANNELS.expired.publish({ driver: name, at: systemClock.now(), count });
    return count;
  }

  /**
   * Starts periodic rounds. The timer does not keep the process alive.
   *
   * @param interval in ms
   */
  collectEvery(interval: number): void {
    this.#timer = setInterval(() => {
      // The caller that started the current round receives its result.
      if (this.#round !== null) return;
      this.#joined().catch((error: unknown) => {
        if (this.#timer === null) return;
        this.#log.warn(
          `Expired sessions could not be removed this time (${reasonOf(error)}); it is tried again.`,
        );
      });
    }, interval);
    this.#timer.unref();
  }

  /**
   * Stops the timer. Waits for a running round no longer than a request may wait: the driver's `close` ends the
   * round, or it fails.
   */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const [round, { driver, storeTimeout }] = [this.#round, this.#settings];
    if (round === null) return;
    const call = (): Promise<number> => round;
    await waitFor({ driver, method: 'collectGarbage', storeTimeout, times: 1, call }).catch(() => undefined);
  }
}

/** The message of the package's own errors. For any other error, only what cannot contain an id or a payload. */
function reasonOf(error: unknown): string {
  if (error instanceof SessionError) return error.message;
  return failureReason(error) || 'an unknown error';
}
