import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import type { StoppedClock } from './stopped-clock.js';

/**
 * The part of `expect` that the suite uses: same value (like `Object.is`), and same content.
 *
 * @example
 * const expectation: ConformanceExpectation = expect(record?.payload); // of vitest or jest
 */
export interface ConformanceExpectation {
  /** Fails unless the actual value is this one. */
  toBe(expected: unknown): unknown;
  /** Fails unless the actual value has this content. */
  toEqual(expected: unknown): unknown;
}

/**
 * The functions of a test framework: those of vitest, jest and node:test work as they are.
 *
 * @example
 * const framework: ConformanceFramework = { describe, it, expect }; // of vitest or jest
 */
export interface ConformanceFramework {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Defines a test, which fails when its promise rejects. */
  readonly it: (sentence: string, test: () => Promise<void>) => unknown;
  /** Asserts. Default: with `node:assert/strict`, for node:test, which has no `expect`. */
  readonly expect?: (actual: unknown) => ConformanceExpectation;
}

/**
 * An open driver, with what the suite needs to test it.
 *
 * @example
 * const create = (): DriverUnderTest => ({ driver: new MongoDriver(mongo), maxPayloadBytes: 16_000_000 });
 */
export interface DriverUnderTest {
  /** The driver to test, open. */
  readonly driver: RecordDriver;

  /**
   * The clock from which the driver takes the time, if it has one: `now()` in epoch milliseconds. Omit it for a
   * driver that uses `Date`: the suite then stops `Date` itself while a test runs.
   */
  readonly clock?: StoppedClock;

  /** Called after the test: closes what was opened, removes what was stored. */
  close?(): Promise<void>;

  /**
   * Opens a second driver on the same store and the same clock, as another process would. Omit it if the store
   * lives inside its driver.
   */
  openSecond?(): Promise<RecordDriver>;

  /** Overwrites the record of an id with unreadable bytes. Omit it if the store holds objects, not bytes. */
  corrupt?(id: string): Promise<void>;

  /** The largest payload that fits, in bytes of UTF-8, if the store has a limit. Twice as much must be refused. */
  readonly maxPayloadBytes?: number;

  /** The store removes records by its own clock, so a test must not wait for it. */
  readonly realTimeExpiry?: true;
}

/** The tools of a test in the suite. */
export interface DriverAtTest {
  readonly driver: RecordDriver;
  /** Starts at the machine's time. */
  readonly clock: StoppedClock;
  /** A record of version 1 that lives for an hour, with the overrides of the test. */
  readonly sample: (differing?: Partial<SessionRecord>) => SessionRecord;
  /** Stores such a record under its own id. */
  readonly stored: (differing?: Partial<SessionRecord>) => Promise<{ id: string; record: SessionRecord }>;
  /** Opens a second driver on the same store; returns the first if the store lives inside its driver. */
  readonly another: () => Promise<RecordDriver>;
  /** The result of `create`, with what only some stores have. */
  readonly made: DriverUnderTest;
}

/** The functions that the parts of the suite are written with. */
export interface ConformanceSuite extends Required<Omit<ConformanceFramework, 'it'>> {
  readonly it: (sentence: string, test: (at: DriverAtTest) => Promise<void>) => unknown;
}
