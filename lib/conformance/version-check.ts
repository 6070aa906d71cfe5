import type { ConformanceSuite } from './suite.js';
import { freshId } from './record-samples.js';

/** Tests compare-and-set: a write replaces only the version just before its own; version 1 only creates. */
export function describeVersionCheck({ describe, it, expect }: ConformanceSuite): void {
  describe('version check', () => {
    it('creates a record of version 1 only where none lives', async ({ driver, stored }) => {
      const { id, record: first } = await stored({ payload: 'first' });
      expect(await driver.write(id, { ...first, payload: 'second' })).toBe(false);
      expect(await driver.read(id)).toEqual(first);
    });

    for (const version of [2, 3, 1_000_000]) {
      it(`does not create a record of version ${version}`, async ({ driver, sample }) => {
        const id = freshId();
        expect(await driver.write(id, sample({ version }))).toBe(false);
        expect(await driver.read(id)).toBe(null);
      });
    }

    it('replaces the version just before and no other, and changes nothing when it refuses', async ({
      driver,
      sample,
    }) => {
      const id = freshId();
      const kept = sample({ version: 3, payload: 'third', userId: 'kept' });
      for (const version of [1, 2, 3]) expect(await driver.write(id, { ...kept, version })).toBe(true);
      for (const version of [1, 2, 3, 5, 6]) {
        const refused = sample({ version, payload: 'refused' });
        refused.expiresAt += 5_000;
        expect([version, await driver.write(id, refused)]).toEqual([version, false]);
        expect(await driver.read(id)).toEqual(kept);
      }
      expect(await driver.write(id, { ...kept, version: 4 })).toBe(true);
    });

    it('goes on for many versions', async ({ driver, sample }) => {
      const id = freshId();
      for (let version = 1; version <= 30; version++) {
        const record = sample({ version, payload: `at ${version}` });
        expect(await driver.write(id, record)).toBe(true);
      }
      const last = await driver.read(id);
      expect([last?.version, last?.payload]).toEqual([30, 'at 30']);
    });

    it('does not bring a destroyed record back', async ({ driver, sample, stored }) => {
      const { id } = await stored();
      await driver.destroy(id);
      expect(await driver.write(id, sample({ version: 2 }))).toBe(false);
      expect(await driver.read(id)).toBe(null);
    });

    it('takes an expired record for none when version 1 is written', async ({
      driver,
      clock,
      sample,
      stored,
    }) => {
      const { id, record: expired } = await stored({ payload: 'old', userId: 'old' });
      await driver.write(id, { ...expired, version: 2 });
      clock.set(expired.expiresAt);
      const next = sample({ payload: 'new' });
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });

    it('does not prolong an expired record with the version after it', async ({
      driver,
      clock,
      sample,
      stored,
    }) => {
      const { id, record: expired } = await stored();
      clock.set(expired.expiresAt);
      expect(await driver.write(id, sample({ version: 2 }))).toBe(false);
      expect(await driver.read(id)).toBe(null);
    });

    it('still takes the next version one millisecond before the record expires', async ({
      driver,
      clock,
      sample,
      stored,
    }) => {
      const { id, record } = await stored();
      clock.set(record.expiresAt - 1);
      expect(await driver.write(id, sample({ payload: 'second' }))).toBe(false);
      const next = sample({ version: 2 });
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });
  });
}
