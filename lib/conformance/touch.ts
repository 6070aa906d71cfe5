import type { ConformanceSuite } from './suite.js';
import { freshId, HOUR_MS, MINUTE_MS } from './record-samples.js';

/** Tests `touch`: a longer or shorter expiry for a live record, with nothing else changed. */
export function describeTouch({ describe, it, expect }: ConformanceSuite): void {
  describe('touch', () => {
    it('moves the expiry and nothing else', async ({ driver, clock, stored }) => {
      const { id, record } = await stored({ userId: 'u', ipAddress: '127.0.0.1', userAgent: 'a' });
      clock.advance(MINUTE_MS);
      expect(await driver.touch(id, record.expiresAt + MINUTE_MS)).toBe(true);
      expect(await driver.read(id)).toEqual({ ...record, expiresAt: record.expiresAt + MINUTE_MS });
    });

    it('shortens a life as well', async ({ driver, clock, stored }) => {
      const { id } = await stored();
      const expiresAt = clock.now() + 30 * MINUTE_MS;
      expect(await driver.touch(id, expiresAt)).toBe(true);
      clock.set(expiresAt - 1);
      expect((await driver.read(id))?.expiresAt).toBe(expiresAt);
      clock.set(expiresAt);
      expect(await driver.read(id)).toBe(null);
    });

    it('ends a record when the new expiry has already come', async ({ driver, clock, sample, stored }) => {
      const { id } = await stored();
      expect(await driver.touch(id, clock.now())).toBe(true);
      expect(await driver.read(id)).toBe(null);
      expect(await driver.write(id, sample({ version: 2 }))).toBe(false);
    });

    it('says true when the expiry stays as it was', async ({ driver, stored }) => {
      const { id, record } = await stored();
      expect(await driver.touch(id, record.expiresAt)).toBe(true);
      expect(await driver.touch(id, record.expiresAt)).toBe(true);
      expect(await driver.read(id)).toEqual(record);
    });

    it('creates nothing where there is nothing', async ({ driver, clock, sample }) => {
      const id = freshId();
      expect(await driver.touch(id, clock.now() + HOUR_MS)).toBe(false);
      expect(await driver.read(id)).toBe(null);
      expect(await driver.write(id, sample())).toBe(true);
    });

    it('does not bring an expired record back', async ({ driver, clock, stored }) => {
      const { id, record } = await stored();
      clock.set(record.expiresAt);
      expect(await driver.touch(id, clock.now() + HOUR_MS)).toBe(false);
      expect(await driver.read(id)).toBe(null);
    });

    it('does not bring a destroyed record back', async ({ driver, clock, stored }) => {
      const { id } = await stored();
      await driver.destroy(id);
      expect(await driver.touch(id, clock.now() + HOUR_MS)).toBe(false);
      expect(await driver.read(id)).toBe(null);
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
