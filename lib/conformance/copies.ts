import type { ConformanceSuite } from './suite.js';
import { freshId } from './record-samples.js';

/** Tests that a driver and its caller share no object: what one does to a record later, the other does not see. */
export function describeCopies({ describe, it, expect }: ConformanceSuite): void {
  describe('copies', () => {
    it('does not see what happens to a record after it was written', async ({ driver, sample }) => {
      const id = freshId();
      const record = sample();
      const asWritten = { ...record };
      const writing = driver.write(id, record);
      record.payload = 'changed while writing';
      await writing;
      record.version = 7;
      record.userId = 'changed afterwards';
      expect(await driver.read(id)).toEqual(asWritten);
    });

    it('does not see what happens to a record that it gave away', async ({ driver, stored }) => {
      const { id, record } = await stored();
      const given = await driver.read(id);
      expect(given === null).toBe(false);
      Object.assign(given ?? {}, { payload: 'changed', version: 9, expiresAt: 0, userId: 'x' });
      expect(await driver.read(id)).toEqual(record);
    });

    it('does not change what it gave away when the record changes', async ({ driver, stored }) => {
      const { id, record } = await stored();
      const given = await driver.read(id);
      await driver.write(id, { ...record, version: 2, payload: 'second' });
      await driver.touch(id, record.expiresAt + 1_000);
      expect(given).toEqual(record);
    });

    it('takes a frozen record', async ({ driver, sample }) => {
      const id = freshId();
      const record = Object.freeze(sample());
      expect(await driver.write(id, record)).toBe(true);
      expect(await driver.touch(id, record.expiresAt + 1_000)).toBe(true);
    });
  });
}
