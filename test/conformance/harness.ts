import type { RecordDriver } from '../../lib/drivers/driver.js';
import type { StoppedClock } from './stopped-clock.js';

/** A driver on a store of its own, with what the conformance suite needs to put it to the test. */
export interface RecordDriverHarness {
  /** Opened, ready for use, and told the time by `clock`. */
  readonly driver: RecordDriver;

  /** Begins at the machine's time: a store that expires by its own clock must agree about what lives. */
  readonly clock: StoppedClock;

  /** Closes every driver that this harness opened and removes what they kept. */
  close(): Promise<void>;

  /**
   * A second driver on the same store and the same clock, as another process would have one. Left out where a store
   * lives inside its driver.
   */
  openSecond?(): Promise<RecordDriver>;

  /** Puts unreadable bytes where the record of an id is. Left out where a store holds objects, not bytes. */
  corrupt?(id: string): Promise<void>;

  /** The payload that still fits, in bytes of UTF-8, where the store has a limit. Twice as much must be refused. */
  readonly maxPayloadBytes?: number;

  /** The store removes records by its own clock, so a test must not wait for that. */
  readonly realTimeExpiry?: true;
}

/** Gives the tests of one part of the contract their harness, which exists only once the tests run. */
export type HarnessOfSuite = () => RecordDriverHarness;

/** The second driver of a harness, or the first where a store has no outside. */
export async function anotherDriver(harness: RecordDriverHarness): Promise<RecordDriver> {
  return harness.openSecond === undefined ? harness.driver : harness.openSecond();
}
