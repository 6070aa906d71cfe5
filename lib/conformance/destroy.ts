import type { ConformanceSuite } from './suite.js';
import { freshId } from './record-samples.js';

/**
 * Tests `destroy`: the record is gone for every process (`openSecond`), whatever is under way, and no other record is
 * touched.
 */
export function describeDestroy({ describe, it, expect }: ConformanceSuite): void {
  describe('destroy', () => {
    it('removes a record', async ({ driver, stored }) => {
      const { id } = await stored();
      await driver.destroy(id);
      expect(await driver.read(id)).toBe(null);
    });

    it('is no error where there is nothing, however often', async ({ driver, sample }) => {
      const id = freshId();
      await driver.destroy(id);
      expect(await driver.write(id, sample())).toBe(true);
      await driver.destroy(id);
      await driver.destroy(id);
      expect(await driver.read(id)).toBe(null);
    });

    it('is no error where a record has expired', async ({ driver, clock, stored }) => {
      const { id, record } = await stored();
      clock.set(record.expiresAt);
      await driver.destroy(id);
      expect(await driver.read(id)).toBe(null);
    });

    it('leaves the place free for a new record of version 1', async ({ driver, sample, stored }) => {
      const { id } = await stored({ userId: 'old' });
      await driver.destroy(id);
      const next = sample({ payload: 'new' });
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });

    it('leaves every other record alone', async ({ driver, sample }) => {
      const [one, other] = [freshId(), freshId()];
      const record = sample();
      await driver.write(one, record);
      await driver.write(other, record);
      await driver.destroy(one);
      expect(await driver.read(other)).toEqual(record);
    });

    it('is seen by whoever else has the store open', async ({ driver, stored, another }) => {
      const second = await another();
      const { id, record } = await stored();
      expect(await second.read(id)).toEqual(record);
      await second.destroy(id);
      expect(await driver.read(id)).toBe(null);
      expect(await driver.write(id, { ...record, version: 2 })).toBe(false);
    });

    it('wins over writes and touches that come at the same time', async ({ driver, stored, another }) => {
      const second = await another();
      for (let round = 0; round < 10; round++) {
        const { id, record } = await stored();
        await Promise.all([
          driver.write(id, { ...record, version: 2 }),
          second.touch(id, record.expiresAt + 1_000),
          round % 2 === 0 ? driver.destroy(id) : second.destroy(id),
          second.write(id, { ...record, version: 2 }),
          driver.touch(id, record.expiresAt + 2_000),
        ]);
        expect(await driver.read(id)).toBe(null);
      }
    });
  });
}
