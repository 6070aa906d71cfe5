import { describe, expect, it } from 'vitest';
import type { HarnessOfSuite } from './harness.js';
import { freshId, sampleRecord } from './record-samples.js';

export function describeVersionCheck(harness: HarnessOfSuite): void {
  describe('version check', () => {
    it('creates a record of version 1 only where none lives', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const first = sampleRecord(clock.now(), { payload: 'first' });
      expect(await driver.write(id, first)).toBe(true);
      expect(await driver.write(id, { ...first, payload: 'second' })).toBe(false);
      expect(await driver.read(id)).toEqual(first);
    });

    it.each([2, 3, 1_000_000])('does not create a record of version %i', async (version) => {
      const { driver, clock } = harness();
      const id = freshId();
      expect(await driver.write(id, sampleRecord(clock.now(), { version }))).toBe(false);
      expect(await driver.read(id)).toBeNull();
    });

    it('replaces the version just before and no other, and changes nothing when it refuses', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const kept = sampleRecord(clock.now(), { version: 3, payload: 'third', userId: 'kept' });
      for (const version of [1, 2, 3]) expect(await driver.write(id, { ...kept, version })).toBe(true);
      for (const version of [1, 2, 3, 5, 6]) {
        const refused = sampleRecord(clock.now(), { version, payload: 'refused' });
        refused.expiresAt += 5_000;
        expect(await driver.write(id, refused), `version ${version} on version 3`).toBe(false);
        expect(await driver.read(id)).toEqual(kept);
      }
      expect(await driver.write(id, { ...kept, version: 4 })).toBe(true);
    });

    it('goes on for many versions', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      for (let version = 1; version <= 30; version++) {
        const record = sampleRecord(clock.now(), { version, payload: `at ${version}` });
        expect(await driver.write(id, record)).toBe(true);
      }
      expect(await driver.read(id)).toMatchObject({ version: 30, payload: 'at 30' });
    });

    it('does not bring a destroyed record back', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now()));
      await driver.destroy(id);
      expect(await driver.write(id, sampleRecord(clock.now(), { version: 2 }))).toBe(false);
      expect(await driver.read(id)).toBeNull();
    });

    it('takes an expired record for none when version 1 is written', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const expired = sampleRecord(clock.now(), { payload: 'old', userId: 'old' });
      await driver.write(id, expired);
      await driver.write(id, { ...expired, version: 2 });
      clock.set(expired.expiresAt);
      const next = sampleRecord(clock.now(), { payload: 'new' });
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });

    it('does not prolong an expired record with the version after it', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const expired = sampleRecord(clock.now());
      await driver.write(id, expired);
      clock.set(expired.expiresAt);
      expect(await driver.write(id, sampleRecord(clock.now(), { version: 2 }))).toBe(false);
      expect(await driver.read(id)).toBeNull();
    });

    it('still takes the next version one millisecond before the record expires', async () => {
      const { driver, clock } = harness();
      const id = freshId();
      const record = sampleRecord(clock.now());
      await driver.write(id, record);
      clock.set(record.expiresAt - 1);
      expect(await driver.write(id, sampleRecord(clock.now(), { payload: 'second' }))).toBe(false);
      const next = sampleRecord(clock.now(), { version: 2 });
      expect(await driver.write(id, next)).toBe(true);
      expect(await driver.read(id)).toEqual(next);
    });
  });
}
