import type { ConformanceSuite } from './suite.js';
import { DAY_MS, freshId, HOUR_MS, sampleRecord } from './record-samples.js';

const lifetimes: [what: string, lifetimeMs: number][] = [
  ['an hour', HOUR_MS],
  ['30 days, the longest that memcached counts from now', 30 * DAY_MS],
  ['31 days', 31 * DAY_MS],
  ['400 days', 400 * DAY_MS],
  ['ten years', 3_653 * DAY_MS],
];

/** Tests lifetimes from an hour to ten years, to the millisecond. Needs a `clock`, or a driver that uses `Date`. */
export function describeExpiry({ describe, it, expect }: ConformanceSuite): void {
  describe('expiry', () => {
    for (const [what, ms] of lifetimes) {
      it(`a record of ${what} lives until just before its expiry, and not at it`, async ({
        driver,
        clock,
        stored,
      }) => {
        const { id, record } = await stored({ expiresAt: clock.now() + ms });
        expect(await driver.read(id)).toEqual(record);
        clock.set(record.expiresAt - 1);
        expect(await driver.read(id)).toEqual(record);
        clock.set(record.expiresAt);
        expect(await driver.read(id)).toBe(null);
      });

      it(`a record touched for ${what} lives until just before that, and not at it`, async ({
        driver,
        clock,
        stored,
      }) => {
        const { id, record } = await stored();
        const expiresAt = clock.now() + ms;
        expect(await driver.touch(id, expiresAt)).toBe(true);
        clock.set(expiresAt - 1);
        expect(await driver.read(id)).toEqual({ ...record, expiresAt });
        clock.set(expiresAt);
        expect(await driver.read(id)).toBe(null);
      });
    }

    it('the next version brings its own expiry, later or sooner', async ({ driver, clock }) => {
      const id = freshId();
      const startMs = clock.now();
      const record = sampleRecord(startMs);
      await driver.write(id, record);
      await driver.write(id, { ...record, version: 2, expiresAt: startMs + 40 * DAY_MS });
      clock.set(startMs + 39 * DAY_MS);
      expect((await driver.read(id))?.version).toBe(2);
      await driver.write(id, { ...record, version: 3, expiresAt: clock.now() + HOUR_MS });
      clock.advance(HOUR_MS);
      expect(await driver.read(id)).toBe(null);
    });

    it('takes a record that is expired on arrival for what it is: nothing to read from then on', async ({
      driver,
      clock,
      sample,
    }) => {
      const [atOnce, longAgo] = [freshId(), freshId()];
      await driver.write(atOnce, sample());
      expect(await driver.write(atOnce, sample({ version: 2, expiresAt: clock.now() }))).toBe(true);
      expect(await driver.read(atOnce)).toBe(null);
      expect(await driver.write(longAgo, sample({ expiresAt: clock.now() - DAY_MS }))).toBe(true);
      expect(await driver.read(longAgo)).toBe(null);
    });
  });
}
