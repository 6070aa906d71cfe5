import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { describeCopies } from './copies.js';
import { describeDamage } from './damage.js';
import { describeDestroy } from './destroy.js';
import { describeDestroyVersion } from './destroy-version.js';
import { describeExpiry } from './expiry.js';
import { describeGarbage } from './garbage.js';
import type { RecordDriverHarness } from './harness.js';
import { describeIds } from './ids.js';
import { describeParallel } from './parallel.js';
import { describeRoundTrip } from './round-trip.js';
import { describeTouch } from './touch.js';
import { describeVersionCheck } from './version-check.js';

export type { RecordDriverHarness } from './harness.js';
export { StoppedClock } from './stopped-clock.js';

/**
 * The one suite that every driver passes: each promise of `RecordDriver` as a test.
 *
 * The harness is made once, before the first test; each test uses ids of its own and finds the clock at the machine's
 * time.
 *
 * @example
 * describeRecordDriver('MemoryDriver', async () => {
 *   const clock = new StoppedClock();
 *   return { driver: new MemoryDriver({}, clock), clock, close: async () => {} };
 * });
 */
export function describeRecordDriver(name: string, makeHarness: () => Promise<RecordDriverHarness>): void {
  describe(`${name} keeps the contract of RecordDriver`, () => {
    let made: RecordDriverHarness | undefined;
    const harness = () => {
      if (made === undefined) throw new Error('The harness is made before the first test, not earlier.');
      return made;
    };

    beforeAll(async () => {
      made = await makeHarness();
    });
    beforeEach(() => {
      harness().clock.set(Date.now());
    });
    afterAll(async () => {
      await made?.close();
    });

    describeRoundTrip(harness);
    describeIds(harness);
    describeCopies(harness);
    describeVersionCheck(harness);
    describeExpiry(harness);
    describeTouch(harness);
    describeDestroy(harness);
    describeDestroyVersion(harness);
    describeParallel(harness);
    describeDamage(harness);
    describeGarbage(harness);
  });
}
