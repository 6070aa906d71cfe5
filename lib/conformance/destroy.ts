import type { RecordDriver } from '../drivers/driver.js';
import type { ConformanceSuite, DriverAtTest } from './suite.js';
import { freshId } from './record-samples.js';

/** The tools of a test, with the method that it is about. */
interface RemoverAtTest extends DriverAtTest {
  /** Removes a version of a record, in case of `destroy` any; false if the driver refuses. */
  readonly remove: (id: string, version: number, by?: RecordDriver) => Promise<boolean>;
}

type RemovalTest = (sentence: string, test: (at: RemoverAtTest) => Promise<void>) => unknown;

/** Defines the tests of a method. A driver without `destroyVersion`, which is optional, passes them. */
const itOf =
  (method: 'destroy' | 'destroyVersion', it: ConformanceSuite['it']): RemovalTest =>
  (sentence, test) =>
    it(`${method} ${sentence}`, async (at) => {
      const remove: RemoverAtTest['remove'] = async (id, version, by = at.driver) => {
        if (method === 'destroyVersion') return (await by.destroyVersion?.(id, version)) === true;
        await by.destroy(id);
        return true;
      };
      if (at.driver[method] !== undefined) await test({ ...at, remove });
    });

/**
 * Tests `destroy` and `destroyVersion`: the record is gone for every process (`openSecond`), whatever is under way,
 * and no other record is affected.
 */
export function describeDestroy({ describe, it: itOfAny, expect }: ConformanceSuite): void {
  for (const method of ['destroy', 'destroyVersion'] as const) {
    const it = itOf(method, itOfAny);
    describe(method, () => {
      it('removes a record, and leaves every other one alone', async ({ driver, remove, stored }) => {
        const [one, other] = [await stored(), await stored()];
        expect(await remove(one.id, 1)).toBe(true);
        expect(await driver.read(one.id)).toBe(null);
        expect(await driver.read(other.id)).toEqual(other.record);
      });

      it('is seen by whoever else has the store open', async ({ driver, remove, stored, another }) => {
        const second = await another();
        const { id, record } = await stored();
        expect(await second.read(id)).toEqual(record);
        expect(await remove(id, 1, second)).toBe(true);
        expect(await driver.read(id)).toBe(null);
        expect(await driver.write(id, { ...record, version: 2 })).toBe(false);
      });

      it('wins over touches that come at the same time: they bring nothing back', async ({
        driver,
        clock,
        remove,
        stored,
        sample,
        another,
      }) => {
        const second = await another();
        for (let round = 0; round < 5; round++) {
          const { id, record } = await stored({ userId: 'u' });
          const later = record.expiresAt + 60_000;
          await Promise.all([
            second.touch(id, later),
            driver.touch(id, later),
            remove(id, 1),
            driver.touch(id, later),
            second.touch(id, later),
          ]);
          expect([await driver.read(id), await second.read(id)]).toEqual([null, null]);
          expect(await driver.touch(id, clock.now() + 60_000)).toBe(false);
          expect(await second.write(id, sample({ version: 2 }))).toBe(false);
          expect(await driver.write(id, sample())).toBe(true);
        }
      });

      it('removes what was read also where it was touched since', async ({ driver, remove, stored }) => {
        const { id, record } = await stored();
        await driver.read(id);
        await driver.touch(id, record.expiresAt + 1_000);
        expect(await remove(id, 1)).toBe(true);
        expect(await driver.read(id)).toBe(null);
      });
    });
  }

  describe('the version that destroyVersion takes', () => {
    const it = itOf('destroyVersion', itOfAny);

    it('leaves any other version as it is', async ({ driver, remove, sample }) => {
      const id = freshId();
      const kept = sample({ version: 3, payload: 'third', userId: 'kept' });
      for (const version of [1, 2, 3]) await driver.write(id, { ...kept, version });
      for (const version of [1, 2, 4, 5, 1_000_000]) expect(await remove(id, version)).toBe(false);
      expect(await driver.read(id)).toEqual(kept);
      expect(await driver.write(id, { ...kept, version: 4 })).toBe(true);
      expect(await remove(id, 4)).toBe(true);
    });

    it('succeeds or fails as a whole against a write of the same moment: exactly one of both', async ({
      driver,
      remove,
      stored,
      another,
    }) => {
      const second = await another();
      for (let round = 0; round < 20; round++) {
        const { id, record } = await stored();
        const early = round % 2 === 0 ? driver.write(id, { ...record, version: 2 }) : null;
        const removing = remove(id, 1, second);
        const touching = driver.touch(id, record.expiresAt + 1_000);
        const writing = early ?? driver.write(id, { ...record, version: 2 });
        const [written, removed] = await Promise.all([writing, removing, touching]);
        expect(written).toBe(!removed);
        expect((await driver.read(id))?.version).toBe(written ? 2 : undefined);
      }
    });

    it('says true to one of many that come at once', async ({ driver, remove, stored, another }) => {
      const second = await another();
      const { id } = await stored();
      const removing = Array.from({ length: 10 }, (_, at) => remove(id, 1, at % 2 === 0 ? driver : second));
      expect((await Promise.all(removing)).filter(Boolean).length).toBe(1);
    });
  });
}
