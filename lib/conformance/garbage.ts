import type { RecordDriver } from '../drivers/driver.js';
import type { ConformanceSuite } from './suite.js';
import { DAY_MS, freshId, HOUR_MS } from './record-samples.js';

/** Far enough ahead that a first collection removes everything that other tests left. */
const AHEAD_MS = 100 * HOUR_MS;

/**
 * Tests `collectGarbage`, by the expiry that a record has at the time. A driver without it passes: the method
 * is optional.
 */
export function describeGarbage({ describe, it, expect }: ConformanceSuite): void {
  describe('garbage', () => {
    it('removes exactly what has expired, and says how many', async ({ driver, clock, sample }) => {
      const atMs = clock.now() + AHEAD_MS;
      await driver.collectGarbage?.(atMs);
      // An index of 32-bit seconds would have the last one expire in 2038, or long ago.
      const lifetimes = [-HOUR_MS, -1, 0, 1, HOUR_MS, 36_500 * DAY_MS].map(
        (differenceMs) => atMs + differenceMs,
      );
      const ids = await Promise.all(
        lifetimes.map(async (expiresAt) => {
          const id = freshId();
          expect(await driver.write(id, sample({ expiresAt }))).toBe(true);
          return id;
        }),
      );
      expect(await collected(driver, atMs, 3)).toBe(3);
      clock.set(atMs);
      const left = await Promise.all(ids.map((id) => driver.read(id)));
      expect(left.map((record) => record !== null)).toEqual([false, false, false, true, true, true]);
      expect(await collected(driver, atMs, 0)).toBe(0);
    });

    it('counts a record by the expiry it has now, not by the one it had', async ({
      driver,
      clock,
      sample,
    }) => {
      const atMs = clock.now() + AHEAD_MS;
      await driver.collectGarbage?.(atMs);
      const [prolonged, shortened, rewritten] = [freshId(), freshId(), freshId()];
      const record = sample();
      await driver.write(prolonged, record);
      await driver.touch(prolonged, atMs + HOUR_MS);
      await driver.write(shortened, { ...record, expiresAt: atMs + HOUR_MS });
      await driver.touch(shortened, atMs);
      await driver.write(rewritten, record);
      await driver.write(rewritten, { ...record, version: 2, expiresAt: atMs + HOUR_MS });
      expect(await collected(driver, atMs, 1)).toBe(1);
      clock.set(atMs);
      expect((await driver.read(prolonged)) === null).toBe(false);
      expect((await driver.read(rewritten)) === null).toBe(false);
      expect(await driver.read(shortened)).toBe(null);
    });

    it('takes nothing away that was prolonged or rewritten in the meantime', async ({
      driver,
      clock,
      sample,
      another,
      made: { realTimeExpiry },
    }) => {
      const second = await another();
      const atMs = clock.now() + AHEAD_MS;
      await driver.collectGarbage?.(atMs);
      const ids = Array.from({ length: 40 }, freshId);
      const record = sample();
      await Promise.all(ids.map((id) => driver.write(id, record)));
      const collecting = collected(driver, atMs, 0);
      const prolonged = await Promise.all(
        ids.map((id, index) =>
          index % 2 === 0
            ? second.touch(id, atMs + HOUR_MS)
            : second.write(id, { ...record, version: 2, expiresAt: atMs + HOUR_MS }),
        ),
      );
      const removed = await collecting;
      clock.set(atMs);
      const kept = await Promise.all(ids.map(async (id) => (await driver.read(id)) !== null));
      // Exactly what was prolonged is kept.
      expect(kept).toEqual(prolonged);
      expect(removed + prolonged.filter(Boolean).length).toBe(ids.length);
      // Records that a store removes by itself are not counted.
      expect(realTimeExpiry === true ? removed : 0).toBe(0);
    });
  });
}

/**
 * How many records a collection says it removed.
 *
 * @param otherwise for a driver without the method. What a driver resolves to instead of a number is no count,
 * and fails the test
 */
async function collected(driver: RecordDriver, now: number, otherwise: number): Promise<number> {
  return driver.collectGarbage === undefined ? otherwise : driver.collectGarbage(now);
}
