/** Where the time comes from. Whatever depends on time takes a clock, so that tests can stop it. */
export interface Clock {
  /** The time in epoch milliseconds. */
  now(): number;
}

/** The machine's clock. Looks `Date` up on each call, so that fake timers installed later are seen. */
export const systemClock: Clock = { now: () => Date.now() };
