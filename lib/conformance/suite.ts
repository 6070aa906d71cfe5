import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import type { StoppedClock } from './stopped-clock.js';

/** What the suite asks of `expect`: the same value (as `Object.is` has it), and the same content. */
export interface ConformanceExpectation {
  /** Fails unless the actual value is this one. */
  toBe(expected: unknown): unknown;
  /** Fails unless the actual value has this content. */
  toEqual(expected: unknown): unknown;
}

/** The functions of a test framework: those of vitest, jest and node:test fit as they are. */
export interface ConformanceFramework {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Makes a test, which fails when its promise rejects. */
  readonly it: (sentence: string, test: () => Promise<void>) => unknown;
  /** Asserts. Default: by `node:assert/strict`, for node:test, which has none. */
  readonly expect?: (actual: unknown) => ConformanceExpectation;
}

/**
 * A driver, opened, with what the suite needs to put it to the test.
 *
 * @example
 * const create = (): DriverUnderTest => ({ driver: new MongoDriver(mongo), maxPayloadBytes: 16_000_000 });
 */
export interface DriverUnderTest {
  /** The driver to test, open. */
  readonly driver: RecordDriver;

  /**
   * The clock that tells the driver the time, where it takes it from one: `now()` in epoch milliseconds. Left out for a
   * driver that asks `Date`: the suite then stops `Date` itself while a test runs.
   */
  readonly clock?: StoppedClock;

  /** Called after the test: closes what was opened, removes what was kept. */
  close?(): Promise<void>;

  /**
   * A second driver on the same store and the same clock, as another process would have one. Left out where a store lives
   * inside its driver.
   */
  openSecond?(): Promise<RecordDriver>;

  /** Puts unreadable bytes where the record of an id is. Left out where a store holds objects, not bytes. */
  corrupt?(id: string): Promise<void>;

  /** The payload that still fits, in bytes of UTF-8, where the store has a limit. Twice as much must be refused. */
  readonly maxPayloadBytes?: number;

  /** The store removes records by its own clock, so a test must not wait for that. */
  readonly realTimeExpiry?: true;
}

/** What a test of the suite is handed. */
export interface DriverAtTest {
  readonly driver: RecordDriver;
  /** Stands at the machine's time. */
  readonly clock: StoppedClock;
  /** A record of version 1 that lives for an hour, with whatever a test wants otherwise. */
  readonly sample: (differing?: Partial<SessionRecord>) => SessionRecord;
  /** Stores such a record under an id of its own. */
  readonly stored: (differing?: Partial<SessionRecord>) => Promise<{ id: string; record: SessionRecord }>;
  /** Opens a second driver on the same store; gives the first where a store has no outside. */
  readonly another: () => Promise<RecordDriver>;
  /** What was made for the test, with what only some stores have. */
  readonly made: DriverUnderTest;
}

/** What the parts of the suite are written with. */
export interface ConformanceSuite {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (sentence: string, test: (at: DriverAtTest) => Promise<void>) => unknown;
  readonly expect: (actual: unknown) => ConformanceExpectation;
}
