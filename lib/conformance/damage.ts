import type { ConformanceSuite } from './suite.js';

/**
 * Tests what happens to a record that can no longer be read (damaged by `corrupt`, if given), and that a driver
 * does not interpret payloads.
 */
export function describeDamage({ describe, it, expect }: ConformanceSuite): void {
  describe('damage', () => {
    it('reads null where the record cannot be understood, and takes a new one once it is destroyed', async ({
      driver,
      stored,
      made,
    }) => {
      const { id, record } = await stored();
      await made.corrupt?.(id);
      // A store of objects has no bytes to damage.
      const expected = made.corrupt === undefined ? record : null;
      expect(await driver.read(id)).toEqual(expected);
      await driver.destroy(id);
      expect(await driver.write(id, record)).toBe(true);
      expect(await driver.read(id)).toEqual(record);
    });

    it('keeps a payload that is damaged itself: what is inside is not for a driver to judge', async ({
      driver,
      stored,
    }) => {
      const { id } = await stored({ payload: '{"half a paylo' });
      expect((await driver.read(id))?.payload).toBe('{"half a paylo');
    });
  });
}
