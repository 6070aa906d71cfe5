import { type AnyDriver, isSealing } from '../../drivers/driver.js';
import { systemClock } from '../../drivers/clock.js';
import { waitFor } from '../../drivers/guard/driver-task.js';
import { failureReason } from '../../drivers/guard/failure-reason.js';
import { CHANNELS } from '../../events/channels.js';
import type { SessionLog } from '../../drivers/session-log.js';
import { SessionError } from '../../session.errors.js';
import { type SessionSettings, driversInUse } from '../session.settings.js';

/** Removes expired records from a store that does not do so by itself: when it is asked to, and as often as the option `gc` says. */
export class GarbageCollection {
  readonly #settings: SessionSettings;
  readonly #driverInUse: () => AnyDriver;
  readonly #log: SessionLog;
  #timer: NodeJS.Timeout | null = null;
  /** The round that is under way. */
  #round: Promise<number> | null = null;

  /** @param driverInUse the one that keeps records, where one does; asked at each round */
  constructor(settings: SessionSettings, driverInUse: () => AnyDriver, log: SessionLog) {
    this.#settings = settings;
    this.#driverInUse = driverInUse;
    this.#log = log;
  }

  /**
   * One round. One at a time: where one is under way, that is joined.
   *
   * @returns how many were removed
   * @throws SessionStoreError where the driver did not get on for ten times the option `storeTimeout`; and whatever the driver throws
   */
  collect(): Promise<number> {
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
    const count = removed ?? 0;
    if (count > 0 && CHANNELS.expired.hasSubscribers)
      CHANNELS.expired.publish({ driver: name, at: systemClock.now(), count });
    return count;
  }

  /**
   * Begins to do so by itself. The process does not stay alive for it.
   *
   * @param interval in ms
   */
  collectEvery(interval: number): void {
    this.#timer = setInterval(() => {
      // Whoever began a round that goes on hears how it ends.
      if (this.#round !== null) return;
      this.collect().catch((error: unknown) => {
        if (this.#timer === null) return;
        this.#log.warn(
          `Expired sessions could not be removed this time (${reasonOf(error)}); it is tried again.`,
        );
      });
    }, interval);
    this.#timer.unref();
  }

  /** Ends it. A round that is under way is waited for no longer than a request may: the driver's `close` ends it, or it fails. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const [round, { driver, storeTimeout }] = [this.#round, this.#settings];
    if (round === null) return;
    const call = (): Promise<number> => round;
    await waitFor({ driver, method: 'collectGarbage', storeTimeout, times: 1, call }).catch(() => undefined);
  }
}

/** An error of ours as it says itself; of any other only what cannot hold an id or a payload. */
function reasonOf(error: unknown): string {
  if (error instanceof SessionError) return error.message;
  return failureReason(error) || 'an unknown error';
}
