import { describe, expect, it } from 'vitest';
import type { HarnessOfSuite } from './harness.js';
import { freshId, sampleRecord } from './record-samples.js';

export function describeCopies(harness: HarnessOfSuite): void {
  describe('copies', () => {
    it('does not see what happens to a record after it was written', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const record = sampleRecord(clock.now());
      const asWritten = { ...record };
      const writing = driver.write(id, record);
      record.payload = 'changed while writing';
      await writing;
      record.version = 7;
      record.userId = 'changed afterwards';
      expect(await driver.read(id)).toEqual(asWritten);
    });

    it('does not see what happens to a record that it gave away', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      const given = await driver.read(id);
      expect(given).not.toBeNull();
      Object.assign(given ?? {}, { payload: 'changed', version: 9, expiresAt: 0, userId: 'x' });
      expect(await driver.read(id)).toEqual(record);
    });

    it('does not change what it gave away when the record changes', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      const given = await driver.read(id);
      await driver.write(id, { ...record, version: 2, payload: 'second' });
      await driver.touch(id, record.expiresAt + 1_000);
      expect(given).toEqual(record);
    });

    it('takes a frozen record', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const record = Object.freeze(sampleRecord(clock.now()));
      expect(await driver.write(id, record)).toBe(true);
      expect(await driver.touch(id, record.expiresAt + 1_000)).toBe(true);
    });
  });
}
