import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDriverConformance, type DriverUnderTest } from 'nestjs-session-kit/conformance';

export { StoppedClock } from 'nestjs-session-kit/conformance';

/** A driver on its own store, opened once for all tests and closed after them. */
export type RecordDriverHarness = DriverUnderTest & Required<Pick<DriverUnderTest, 'clock' | 'close'>>;

/**
 * The exported suite, run with one store for all tests of a driver.
 *
 * @example
 * describeRecordDriver('MemoryDriver', async () => {
 *   const clock = new StoppedClock();
 *   return { driver: new MemoryDriver({}, clock), clock, close: async () => {} };
 * });
 */
export function describeRecordDriver(name: string, makeHarness: () => Promise<RecordDriverHarness>): void {
  describe('on one store', () => {
    let made: RecordDriverHarness | undefined;
    beforeAll(async () => {
      made = await makeHarness();
    });
    afterAll(async () => {
      await made?.close();
    });
    const create = (): DriverUnderTest => {
      if (made === undefined) throw new Error('The harness is made before the first test, not earlier.');
      return { ...made, close: () => Promise.resolve() };
    };
    describeDriverConformance({ name, describe, it, expect, create });
  });
}
