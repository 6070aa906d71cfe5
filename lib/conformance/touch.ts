import type { ConformanceSuite } from './suite.js';
import { freshId, hourMs, minuteMs, sampleRecord } from './record-samples.js';

/** Tests `touch`: a longer or shorter expiry for a living record, with nothing else of it changed. */
export function describeTouch({ describe, it, expect }: ConformanceSuite): void {
  describe('touch', () => {
    it('moves the expiry and nothing else', async ({ driver, clock }) => {
      const id = freshId();
      const record = sampleRecord(clock.now(), { userId: 'u', ipAddress: '127.0.0.1', userAgent: 'a' });
      await driver.write(id, record);
      clock.advance(minuteMs);
      expect(await driver.touch(id, record.expiresAt + minuteMs)).toBe(true);
      expect(await driver.read(id)).toEqual({ ...record, expiresAt: record.expiresAt + minuteMs });
    });

    it('shortens a life as well', async ({ driver, clock }) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now()));
      const expiresAt = clock.now() + 30 * minuteMs;
      expect(await driver.touch(id, expiresAt)).toBe(true);
      clock.set(expiresAt - 1);
      expect((await driver.read(id))?.expiresAt).toBe(expiresAt);
      clock.set(expiresAt);
      expect(await driver.read(id)).toBe(null);
    });

    it('ends a record when the new expiry has already come', async ({ driver, clock }) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now()));
      expect(await driver.touch(id, clock.now())).toBe(true);
      expect(await driver.read(id)).toBe(null);
      expect(await driver.write(id, sampleRecord(clock.now(), { version: 2 }))).toBe(false);
    });

    it('says true when the expiry stays as it was', async ({ driver, clock }) => {
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      expect(await driver.touch(id, record.expiresAt)).toBe(true);
      expect(await driver.touch(id, record.expiresAt)).toBe(true);
      expect(await driver.read(id)).toEqual(record);
    });

    it('creates nothing where there is nothing', async ({ driver, clock }) => {
      const id = freshId();
      expect(await driver.touch(id, clock.now() + hourMs)).toBe(false);
      expect(await driver.read(id)).toBe(null);
      expect(await driver.write(id, sampleRecord(clock.now()))).toBe(true);
    });

    it('does not bring an expired record back', async ({ driver, clock }) => {
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      clock.set(record.expiresAt);
      expect(await driver.touch(id, clock.now() + hourMs)).toBe(false);
      expect(await driver.read(id)).toBe(null);
    });

    it('does not bring a destroyed record back', async ({ driver, clock }) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now()));
      await driver.destroy(id);
      expect(await driver.touch(id, clock.now() + hourMs)).toBe(false);
      expect(await driver.read(id)).toBe(null);
    });

    it('leaves a write from the same version its right', async ({ driver, clock }) => {
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      await driver.touch(id, record.expiresAt + 1_000);
      const next = { ...record, version: 2, payload: 'second' };
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });
  });
}
