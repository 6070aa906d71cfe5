import type { Clock } from '../drivers/clock.js';

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * const clock = new StoppedClock();
 * describeDriverConformance({ describe, it, expect, create: () => ({ driver: new MongoDriver(mongo, clock), clock }) });
 */
export class StoppedClock implements Clock {
  /** @param nowMs epoch milliseconds. Default: the machine's time */
  constructor(private nowMs: number = Date.now()) {}

  /**
   * The time at which it stands, in epoch milliseconds.
   *
   * @example
   * const driver = new MyDriver({ now: () => clock.now() });
   */
  now(): number {
    return this.nowMs;
  }

  /**
   * Moves the clock to a time, forwards or backwards.
   *
   * @param nowMs epoch milliseconds
   * @example
   * clock.set(Date.UTC(2027, 0, 1));
   */
  set(nowMs: number): void {
    this.nowMs = nowMs;
  }

  /**
   * Moves the clock forwards.
   *
   * @param ms milliseconds
   * @example
   * clock.advance(60_000);
   */
  advance(ms: number): void {
    this.nowMs += ms;
  }
}

/**
 * Makes `Date` show the time of a clock, for drivers that use it directly.
 *
 * @returns a function that restores `Date`
 */
export function stopDate(clock: Clock): () => void {
  const machineDate = globalThis.Date;
  globalThis.Date = new Proxy(machineDate, {
    construct: (target, given: unknown[], made): object =>
      Reflect.construct(target, given.length === 0 ? [clock.now()] : given, made),
    get: (target, name): unknown => (name === 'now' ? () => clock.now() : Reflect.get(target, name)),
  });
  return () => {
    globalThis.Date = machineDate;
  };
}
