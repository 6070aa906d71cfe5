import type { ConformanceSuite, DriverAtTest } from './suite.js';
import { freshId } from './record-samples.js';

/**
 * Tests `destroy`: the record is gone for every process (`openSecond`), whatever is under way, and no other
 * record is affected.
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

/** The tools of a test, with the method itself. */
interface RemoverAtTest extends DriverAtTest {
  readonly remove: (id: string, version: number) => Promise<boolean>;
}

/**
 * Tests `destroyVersion`, the removal of a specific version. A driver without it passes: the method is
 * optional.
 */
export function describeDestroyVersion({ describe, it: itOfAny, expect }: ConformanceSuite): void {
  const it = (sentence: string, test: (at: RemoverAtTest) => Promise<void>) =>
    itOfAny(sentence, async (at) => {
      const { driver } = at;
      const remove = driver.destroyVersion?.bind(driver);
      if (remove !== undefined) await test({ ...at, remove });
    });

  describe('destroyVersion, where the driver has it', () => {
    it('removes the version that is stored, and says so once', async ({ driver, remove, sample }) => {
      const id = freshId();
      const record = sample();
      for (const version of [1, 2, 3]) await driver.write(id, { ...record, version });
      expect(await remove(id, 3)).toBe(true);
      expect(await driver.read(id)).toBe(null);
      expect(await remove(id, 3)).toBe(false);
      expect(await driver.write(id, { ...record, version: 4 })).toBe(false);
    });

    it('leaves any other version as it is', async ({ driver, remove, sample }) => {
      const id = freshId();
      const kept = sample({ version: 3, payload: 'third', userId: 'kept' });
      for (const version of [1, 2, 3]) await driver.write(id, { ...kept, version });
      for (const version of [1, 2, 4, 5, 1_000_000]) expect(await remove(id, version)).toBe(false);
      expect(await driver.read(id)).toEqual(kept);
      expect(await driver.write(id, { ...kept, version: 4 })).toBe(true);
    });

    it('says false where there is nothing, and where the record has expired', async ({
      clock,
      remove,
      stored,
    }) => {
      expect(await remove(freshId(), 1)).toBe(false);
      const { id, record } = await stored();
      clock.set(record.expiresAt - 1);
      expect(await remove(id, 2)).toBe(false);
      clock.set(record.expiresAt);
      expect(await remove(id, 1)).toBe(false);
    });

    it('removes what was read also where it was touched since', async ({ driver, remove, stored }) => {
      const { id, record } = await stored();
      await driver.read(id);
      await driver.touch(id, record.expiresAt + 1_000);
      expect(await remove(id, 1)).toBe(true);
      expect(await driver.read(id)).toBe(null);
    });

    it('leaves the place free for a new record of version 1, and every other record alone', async ({
      driver,
      remove,
      sample,
    }) => {
      const [one, other] = [freshId(), freshId()];
      const record = sample();
      await driver.write(one, record);
      await driver.write(other, record);
      expect(await remove(one, 1)).toBe(true);
      expect(await driver.read(other)).toEqual(record);
      const next = sample({ payload: 'new' });
      expect(await driver.write(one, next)).toBe(true);
      expect(await driver.read(one)).toEqual(next);
    });

    it('takes any text for an id, as the other methods do', async ({ driver, remove, sample }) => {
      for (const id of ['../../etc/passwd', '__proto__', 'a b\n\u{1f600}', `half \ud83d${freshId()}`]) {
        await driver.write(id, sample());
        expect(await remove(id, 1)).toBe(true);
        expect(await driver.read(id)).toBe(null);
      }
    });

    it('succeeds or fails as a whole against a write of the same moment: exactly one of both', async ({
      driver,
      stored,
      another,
    }) => {
      const second = await another();
      for (let round = 0; round < 20; round++) {
        const { id, record } = await stored();
        const early = round % 2 === 0 ? driver.write(id, { ...record, version: 2 }) : null;
        const removing = second.destroyVersion?.(id, 1);
        const touching = driver.touch(id, record.expiresAt + 1_000);
        const writing = early ?? driver.write(id, { ...record, version: 2 });
        const [written, removed] = await Promise.all([writing, removing, touching]);
        expect(written).toBe(!removed);
        expect((await driver.read(id))?.version).toBe(written ? 2 : undefined);
      }
    });

    it('says true to one of many that come at once', async ({ driver, stored, another }) => {
      const second = await another();
      const { id } = await stored();
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, index) =>
          (index % 2 === 0 ? driver : second).destroyVersion?.(id, 1),
        ),
      );
      expect(outcomes.filter(Boolean).length).toBe(1);
    });
  });
}
