import type { RecordDriver } from '../drivers/driver.js';
import { freshId, sampleRecord } from './record-samples.js';
import type { ConformanceSuite } from './suite.js';

/** A driver may leave it out: then there is nothing to test. */
function removerOf(driver: RecordDriver): ((id: string, version: number) => Promise<boolean>) | null {
  return driver.destroyVersion?.bind(driver) ?? null;
}

/** Tests `destroyVersion`, the removal of one version only. A driver without it passes: the method is optional. */
export function describeDestroyVersion({ describe, it, expect }: ConformanceSuite): void {
  describe('destroyVersion, where the driver has it', () => {
    it('removes the version that is stored, and says so once', async ({ driver, clock }) => {
      const remove = removerOf(driver);
      if (remove === null) return;
      const id = freshId();
      const record = sampleRecord(clock.now());
      for (const version of [1, 2, 3]) await driver.write(id, { ...record, version });
      expect(await remove(id, 3)).toBe(true);
      expect(await driver.read(id)).toBe(null);
      expect(await remove(id, 3)).toBe(false);
      expect(await driver.write(id, { ...record, version: 4 })).toBe(false);
    });

    it('leaves any other version as it is', async ({ driver, clock }) => {
      const remove = removerOf(driver);
      if (remove === null) return;
      const id = freshId();
      const kept = sampleRecord(clock.now(), { version: 3, payload: 'third', userId: 'kept' });
      for (const version of [1, 2, 3]) await driver.write(id, { ...kept, version });
      for (const version of [1, 2, 4, 5, 1_000_000]) expect(await remove(id, version)).toBe(false);
      expect(await driver.read(id)).toEqual(kept);
      expect(await driver.write(id, { ...kept, version: 4 })).toBe(true);
    });

    it('says false where there is nothing, and where the record has expired', async ({ driver, clock }) => {
      const remove = removerOf(driver);
      if (remove === null) return;
      expect(await remove(freshId(), 1)).toBe(false);
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      clock.set(record.expiresAt - 1);
      expect(await remove(id, 2)).toBe(false);
      clock.set(record.expiresAt);
      expect(await remove(id, 1)).toBe(false);
    });

    it('removes what was read also where it was touched since', async ({ driver, clock }) => {
      const remove = removerOf(driver);
      if (remove === null) return;
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      await driver.read(id);
      await driver.touch(id, record.expiresAt + 1_000);
      expect(await remove(id, 1)).toBe(true);
      expect(await driver.read(id)).toBe(null);
    });

    it('leaves the place free for a new record of version 1, and every other record alone', async ({
      driver,
      clock,
    }) => {
      const remove = removerOf(driver);
      if (remove === null) return;
      const [one, other] = [freshId(), freshId()];
      const record = sampleRecord(clock.now());
      await driver.write(one, record);
      await driver.write(other, record);
      expect(await remove(one, 1)).toBe(true);
      expect(await driver.read(other)).toEqual(record);
      const next = sampleRecord(clock.now(), { payload: 'new' });
      expect(await driver.write(one, next)).toBe(true);
      expect(await driver.read(one)).toEqual(next);
    });

    it('takes any text for an id, as the other methods do', async ({ driver, clock }) => {
      const remove = removerOf(driver);
      if (remove === null) return;
      for (const id of ['../../etc/passwd', '__proto__', 'a b\n\u{1f600}', `half \ud83d${freshId()}`]) {
        await driver.write(id, sampleRecord(clock.now()));
        expect(await remove(id, 1)).toBe(true);
        expect(await driver.read(id)).toBe(null);
      }
    });

    it('succeeds or fails as a whole against a write of the same moment: exactly one of both', async ({
      driver,
      clock,
      another,
    }) => {
      const second = await another();
      const remove = removerOf(second);
      if (remove === null) return;
      for (let round = 0; round < 20; round++) {
        const id = freshId();
        const record = sampleRecord(clock.now());
        await driver.write(id, record);
        const early = round % 2 === 0 ? driver.write(id, { ...record, version: 2 }) : null;
        const removing = remove(id, 1);
        const touching = driver.touch(id, record.expiresAt + 1_000);
        const writing = early ?? driver.write(id, { ...record, version: 2 });
        const [written, removed] = await Promise.all([writing, removing, touching]);
        expect(written).toBe(!removed);
        expect((await driver.read(id))?.version).toBe(written ? 2 : undefined);
      }
    });

    it('says true to one of many that come at once', async ({ driver, clock, another }) => {
      const second = await another();
      const [remove, removeToo] = [removerOf(driver), removerOf(second)];
      if (remove === null || removeToo === null) return;
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now()));
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? remove : removeToo)(id, 1)),
      );
      expect(outcomes.filter(Boolean).length).toBe(1);
    });
  });
}
