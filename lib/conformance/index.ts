/**
 * The tests that every driver has to pass, for drivers of your own.
 *
 * @module nestjs-session-kit/conformance
 */
import { deepEqual, equal } from 'node:assert/strict';
import { describeAbsence } from './absence.js';
import { describeDestroy } from './destroy.js';
import { describeGarbage } from './garbage.js';
import { describeIds } from './ids.js';
import { describeLifetimes } from './lifetimes.js';
import { describeParallel } from './parallel.js';
import { describeCopies, describeRoundTrip } from './round-trip.js';
import { freshId, sampleRecord } from './record-samples.js';
import { StoppedClock, stopDate } from './stopped-clock.js';
import type {
  ConformanceExpectation,
  ConformanceFramework,
  ConformanceSuite,
  DriverAtTest,
  DriverUnderTest,
} from './suite.js';
import { describeUsers } from './users.js';
import { describeVersionCheck } from './version-check.js';

export { StoppedClock } from './stopped-clock.js';
export type { ConformanceExpectation, ConformanceFramework, DriverUnderTest } from './suite.js';

/**
 * The options of `describeDriverConformance`.
 *
 * @example
 * const options: ConformanceOptions = { describe, it, create: () => ({ driver: new MongoDriver(mongo) }) };
 */
export interface ConformanceOptions extends ConformanceFramework {
  /** The heading of the tests. Default `a session driver`. */
  readonly name?: string;
  /**
   * Makes an open driver before each test. If that is slow, it may return the same one each time, on the same
   * store: each test uses its own ids, and removes those that it shares with others.
   */
  readonly create: () => DriverUnderTest | Promise<DriverUnderTest>;
}

/**
 * Defines the tests that every session driver has to pass, one for each promise of `RecordDriver`, in any test
 * framework: round trip, ids, compare-and-set, expiry, `touch`, `destroy`, parallel requests, damaged records,
 * garbage, and `listByUser` if a driver has it. Call it where tests are defined, at the top of a spec file.
 *
 * Only `it`, `describe` and `create` are required. The result of `create` determines what else can be tested
 * (`DriverUnderTest`): a second connection to the store, a largest payload, damage.
 *
 * @param options `create` makes the driver; `it`, `describe` and `expect` of the test framework; `name` of the
 * driver in the heading
 * @example
 * import { describe, expect, it } from 'vitest'; // or '@jest/globals'; with 'node:test' leave `expect` out
 * import { describeDriverConformance } from 'nestjs-session-kit/conformance';
 *
 * describeDriverConformance({
 *   describe,
 *   it,
 *   expect,
 *   create: () => ({ driver: new MongoDriver(mongo), openSecond: async () => new MongoDriver(mongo) }),
 * });
 */
export function describeDriverConformance({
  name = 'a session driver',
  describe,
  it,
  expect = expectByAssert,
  create,
}: ConformanceOptions): void {
  const suite: ConformanceSuite = {
    describe,
    // Without a parameter: with one, jest would wait for a callback.
    it: (sentence, test) => it(sentence, () => atDriver(create, test)),
    expect,
  };
  describe(`${name} keeps the contract of RecordDriver`, () => {
    describeRoundTrip(suite);
    describeIds(suite);
    describeCopies(suite);
    describeVersionCheck(suite);
    describeAbsence(suite);
    describeLifetimes(suite);
    describeDestroy(suite);
    describeParallel(suite);
    describeGarbage(suite);
    describeUsers(suite);
  });
}

async function atDriver(
  create: ConformanceOptions['create'],
  test: (at: DriverAtTest) => Promise<void>,
): Promise<void> {
  const made = await create();
  const { driver, clock = new StoppedClock() } = made;
  clock.set(Date.now());
  const sample: DriverAtTest['sample'] = (differing) => sampleRecord(clock.now(), differing);
  const letDateGoOn = made.clock === undefined ? stopDate(clock) : () => undefined;
  try {
    await test({
      driver,
      clock,
      sample,
      stored: async (differing) => {
        const [id, record] = [freshId(), sample(differing)];
        equal(await driver.write(id, record), true);
        return { id, record };
      },
      another: async () => (await made.openSecond?.()) ?? driver,
      made,
    });
  } finally {
    letDateGoOn();
    await made.close?.();
  }
}

function expectByAssert(actual: unknown): ConformanceExpectation {
  return {
    toBe: (expected) => equal(actual, expected),
    toEqual: (expected) => deepEqual(actual, expected),
  };
}
