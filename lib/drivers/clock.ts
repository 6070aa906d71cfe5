/** The source of the current time. Everything that depends on time takes a clock, so that tests can stop it. */
export interface Clock {
  /** The time in epoch milliseconds. */
  now(): number;
}

let standIn: Clock | null = null;

/**
 * The machine's clock, or its stand-in. Looks `Date` up on each call, so that fake timers installed later take
 * effect.
 */
export const systemClock: Clock = { now: () => (standIn === null ? Date.now() : standIn.now()) };

/** Replaces the machine's clock in this process, for tests. Null restores it. */
export function replaceSystemClock(clock: Clock | null): void {
  standIn = clock;
}
