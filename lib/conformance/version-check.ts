import type { ConformanceSuite } from './suite.js';
import { freshId } from './record-samples.js';

/** Tests compare-and-set: a write replaces only the version just before its own; version 1 only creates. */
export function describeVersionCheck({ describe, it, expect }: ConformanceSuite): void {
  describe('version check', () => {
    it('replaces the version just before and no other, and changes nothing when it refuses', async ({
      driver,
      sample,
    }) => {
      const id = freshId();
      for (const stored of [1, 2, 3]) {
        const kept = sample({ version: stored, payload: `at ${stored}`, userId: 'kept' });
        expect(await driver.write(id, kept)).toBe(true);
        for (const version of [1, 2, 3, 4, 5, 6].filter((each) => each !== stored + 1)) {
          const refused = sample({ version, payload: 'refused' });
          refused.expiresAt += 5_000;
          expect([version, await driver.write(id, refused)]).toEqual([version, false]);
          expect(await driver.read(id)).toEqual(kept);
        }
      }
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
