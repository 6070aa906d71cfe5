/** Where the time comes from. Whatever depends on time takes a clock, so that tests can stop it. */
export interface Clock {
  /** The time in epoch milliseconds. */
  now(): number;
}

let standIn: Clock | null = null;

/**
 * The machine's clock, or the one that stands in for it. Looks `Date` up on each call, so that fake timers installed later are
 * seen.
 */
export const systemClock: Clock = { now: () => (standIn === null ? Date.now() : standIn.now()) };

/** Has a clock stand in for the machine's in this process: for tests. Null: the machine's again. */
export function replaceSystemClock(clock: Clock | null): void {
  standIn = clock;
}
