import type { ConformanceSuite } from './suite.js';
import { freshId, sampleRecord } from './record-samples.js';

/**
 * Tests `destroy`: the record is gone for every process (`openSecond`), whatever is under way, and no other record is
 * touched.
 */
export function describeDestroy({ describe, it, expect }: ConformanceSuite): void {
  describe('destroy', () => {
    it('removes a record', async ({ driver, clock }) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now()));
      await driver.destroy(id);
      expect(await driver.read(id)).toBe(null);
    });

    it('says nothing where there is nothing, however often', async ({ driver, clock }) => {
      const id = freshId();
      expect(await driver.destroy(id)).toBe(undefined);
      await driver.write(id, sampleRecord(clock.now()));
      await driver.destroy(id);
      expect(await driver.destroy(id)).toBe(undefined);
    });

    it('says nothing about a record that has expired', async ({ driver, clock }) => {
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      clock.set(record.expiresAt);
      expect(await driver.destroy(id)).toBe(undefined);
    });

    it('leaves the place free for a new record of version 1', async ({ driver, clock }) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now(), { userId: 'old' }));
      await driver.destroy(id);
      const next = sampleRecord(clock.now(), { payload: 'new' });
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });

    it('leaves every other record alone', async ({ driver, clock }) => {
      const [one, other] = [freshId(), freshId()];
      const record = sampleRecord(clock.now());
      await driver.write(one, record);
      await driver.write(other, record);
      await driver.destroy(one);
      expect(await driver.read(other)).toEqual(record);
    });

    it('is seen by whoever else has the store open', async ({ driver, clock, another }) => {
      const second = await another();
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      expect(await second.read(id)).toEqual(record);
      await second.destroy(id);
      expect(await driver.read(id)).toBe(null);
      expect(await driver.write(id, { ...record, version: 2 })).toBe(false);
    });

    it('wins over writes and touches that come at the same time', async ({ driver, clock, another }) => {
      const second = await another();
      for (let round = 0; round < 10; round++) {
        const id = freshId();
        const record = sampleRecord(clock.now());
        await driver.write(id, record);
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
