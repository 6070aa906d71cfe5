import { equal, notEqual } from 'node:assert/strict';
import type { SessionRecord } from '../drivers/driver.js';
import type { ConformanceSuite, DriverAtTest } from './suite.js';
import { freshId, HOUR_MS } from './record-samples.js';

/** Makes an id without a live record by ending one of version 2. `end` is false if the driver refuses. */
const ended =
  (end: (at: DriverAtTest, id: string, record: SessionRecord) => unknown) =>
  async (at: DriverAtTest): Promise<string> => {
    const { id, record } = await at.stored({ userId: 'old' });
    const next = { ...record, version: 2 };
    equal(await at.driver.write(id, next), true);
    notEqual(await end(at, id, next), false);
    return id;
  };

const absences: [how: string, makeId: (at: DriverAtTest) => Promise<string>][] = [
  ['was never written', async () => freshId()],
  ['has expired', ended(({ clock }, _id, { expiresAt }) => clock.set(expiresAt))],
  ['was destroyed', ended(({ driver }, id) => driver.destroy(id))],
  [
    'was destroyed as a version',
    ended(({ driver }, id) => driver.destroyVersion?.(id, 2) ?? driver.destroy(id)),
  ],
  ['was touched until now', ended(({ driver, clock }, id) => driver.touch(id, clock.now()))],
  [
    'was written as one that ends now',
    ended(({ driver, clock }, id, record) =>
      driver.write(id, { ...record, version: 3, expiresAt: clock.now() }),
    ),
  ],
];

/** Tests what the methods do where there is no live record, whether there never was one or it has ended. */
export function describeAbsence({ describe, it: itOfAny, expect }: ConformanceSuite): void {
  for (const [how, makeId] of absences) {
    const it = (sentence: string, test: (at: DriverAtTest, id: string) => Promise<void>) =>
      itOfAny(`${sentence}: it ${how}`, async (at) => test(at, await makeId(at)));

    describe(`a record that ${how}`, () => {
      it('is not read', async ({ driver }, id) => {
        expect(await driver.read(id)).toBe(null);
      });

      it('is not brought back by a touch', async ({ driver, clock }, id) => {
        expect(await driver.touch(id, clock.now() + HOUR_MS)).toBe(false);
        expect(await driver.read(id)).toBe(null);
      });

      for (const version of [2, 3, 4, 1_000_000]) {
        it(`is not brought back by version ${version}`, async ({ driver, sample }, id) => {
          expect(await driver.write(id, sample({ version }))).toBe(false);
          expect(await driver.read(id)).toBe(null);
        });
      }

      it('gives way to a new one of version 1', async ({ driver, sample }, id) => {
        const next = sample({ payload: 'new' });
        expect(await driver.write(id, next)).toBe(true);
        expect(await driver.read(id)).toEqual(next);
      });

      it('can be destroyed, however often', async ({ driver, sample }, id) => {
        await driver.destroy(id);
        await driver.destroy(id);
        expect(await driver.read(id)).toBe(null);
        expect(await driver.write(id, sample())).toBe(true);
      });

      it('cannot be destroyed as a version', async ({ driver }, id) => {
        // A driver without the method has nothing to refuse.
        for (const version of [1, 2, 3])
          expect((await driver.destroyVersion?.(id, version)) ?? false).toBe(false);
        expect(await driver.read(id)).toBe(null);
      });
    });
  }
}
