import type { ConformanceSuite } from './suite.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './record-samples.js';

const lifetimes: [what: string, lifetimeMs: number][] = [
  ['half an hour', HOUR_MS / 2],
  ['an hour', HOUR_MS],
  ['30 days, the longest that memcached counts from now', 30 * DAY_MS],
  ['31 days', 31 * DAY_MS],
  ['400 days', 400 * DAY_MS],
  ['ten years', 3_653 * DAY_MS],
  ['a hundred years, the longest that can be set: 32-bit seconds end in 2038', 36_500 * DAY_MS],
];

/**
 * Tests lifetimes from half an hour to a hundred years, to the millisecond, and `touch`, which makes one longer or shorter
 * and changes nothing else. Needs a `clock`, or a driver that uses `Date`.
 */
export function describeLifetimes({ describe, it, expect }: ConformanceSuite): void {
  describe('lifetimes', () => {
    for (const [what, ms] of lifetimes) {
      it(`a record of ${what}, from the first or since a touch, lives until just before its expiry`, async ({
        driver,
        clock,
        stored,
      }) => {
        const expiresAt = clock.now() + ms;
        const [written, touched] = [await stored({ expiresAt }), await stored()];
        expect(await driver.touch(touched.id, expiresAt)).toBe(true);
        const read = () => Promise.all([driver.read(written.id), driver.read(touched.id)]);
        const records = [written.record, { ...touched.record, expiresAt }];
        expect(await read()).toEqual(records);
        clock.set(expiresAt - 1);
        expect(await read()).toEqual(records);
        clock.set(expiresAt);
        expect(await read()).toEqual([null, null]);
      });
    }

    it('the next version brings its own expiry, later or sooner', async ({ driver, clock, stored }) => {
      const { id, record } = await stored();
      const startMs = clock.now();
      await driver.write(id, { ...record, version: 2, expiresAt: startMs + 40 * DAY_MS });
      clock.set(startMs + 39 * DAY_MS);
      expect((await driver.read(id))?.version).toBe(2);
      await driver.write(id, { ...record, version: 3, expiresAt: clock.now() + HOUR_MS });
      clock.advance(HOUR_MS);
      expect(await driver.read(id)).toBe(null);
    });
  });

  describe('touch', () => {
    it('moves the expiry and nothing else', async ({ driver, clock, stored }) => {
      const { id, record } = await stored({ userId: 'u', ipAddress: '127.0.0.1', userAgent: 'a' });
      clock.advance(MINUTE_MS);
      expect(await driver.touch(id, record.expiresAt + MINUTE_MS)).toBe(true);
      expect(await driver.read(id)).toEqual({ ...record, expiresAt: record.expiresAt + MINUTE_MS });
    });

    it('says true when the expiry stays as it was', async ({ driver, stored }) => {
      const { id, record } = await stored();
      expect(await driver.touch(id, record.expiresAt)).toBe(true);
      expect(await driver.touch(id, record.expiresAt)).toBe(true);
      expect(await driver.read(id)).toEqual(record);
    });

    it('leaves a write from the same version its right', async ({ driver, stored }) => {
      const { id, record } = await stored();
      await driver.touch(id, record.expiresAt + 1_000);
      const next = { ...record, version: 2, payload: 'second' };
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });
  });
}
