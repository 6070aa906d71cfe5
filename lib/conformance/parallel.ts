import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import type { ConformanceSuite } from './suite.js';
import { freshId } from './record-samples.js';

/** Increments a counter kept as a payload: reads, writes the next version, and retries while others were first. */
async function increment(driver: RecordDriver, id: string): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const record = await driver.read(id);
    if (record === null) throw new Error('There is no record any more.');
    const next = { ...record, version: record.version + 1, payload: String(Number(record.payload) + 1) };
    if (await driver.write(id, next)) return;
  }
  throw new Error('A thousand attempts, and others were first each time.');
}

/** Writes a record 20 times at once, each time with another payload. */
function writeAtOnce(
  [driver, second]: [RecordDriver, RecordDriver],
  id: string,
  record: SessionRecord,
): Promise<boolean[]> {
  return Promise.all(
    Array.from({ length: 20 }, (_, writer) =>
      (writer % 2 === 0 ? driver : second).write(id, { ...record, payload: `writer ${writer}` }),
    ),
  );
}

/**
 * Tests simultaneous requests, in two processes if `openSecond` is given: one writer wins, and no update is
 * lost.
 */
export function describeParallel({ describe, it, expect }: ConformanceSuite): void {
  describe('parallel requests', () => {
    for (const version of [1, 2]) {
      it(`of 20 writers of version ${version} exactly one wins, and its record is kept`, async ({
        driver,
        sample,
        another,
      }) => {
        const second = await another();
        const id = freshId();
        if (version === 2) await driver.write(id, sample({ payload: 'before' }));
        const results = await writeAtOnce([driver, second], id, sample({ version }));
        expect(results.filter(Boolean).length).toBe(1);
        const kept = await driver.read(id);
        expect([kept?.version, kept?.payload]).toEqual([version, `writer ${results.indexOf(true)}`]);
        expect(await second.read(id)).toEqual(kept);
      });
    }

    it('of 20 writers that replace an expired record exactly one wins', async ({
      driver,
      clock,
      sample,
      stored,
      another,
    }) => {
      const second = await another();
      const { id, record: expired } = await stored();
      clock.set(expired.expiresAt);
      const results = await writeAtOnce([driver, second], id, sample());
      expect(results.filter(Boolean).length).toBe(1);
      expect((await driver.read(id))?.payload).toBe(`writer ${results.indexOf(true)}`);
    });

    it('loses no update of ten writers that read, change and write', async ({ driver, stored, another }) => {
      const second = await another();
      const { id } = await stored({ payload: '0' });
      await Promise.all(
        Array.from({ length: 10 }, async (_, writer) => {
          for (let round = 0; round < 3; round++) await increment(writer % 2 === 0 ? driver : second, id);
        }),
      );
      const counted = await driver.read(id);
      expect([counted?.payload, counted?.version]).toEqual(['30', 31]);
    });

    it('a touch beside a write takes nothing from it', async ({ driver, stored, another }) => {
      const second = await another();
      for (let round = 0; round < 5; round++) {
        const { id, record } = await stored();
        const next = { ...record, version: 2, payload: `round ${round}`, userId: 'u' };
        const results = await Promise.all([
          second.touch(id, record.expiresAt + 1_000),
          driver.touch(id, record.expiresAt + 2_000),
          driver.write(id, next),
          driver.touch(id, record.expiresAt + 3_000),
          second.touch(id, record.expiresAt + 4_000),
        ]);
        expect(results).toEqual([true, true, true, true, true]);
        const kept = await second.read(id);
        expect({ ...kept, expiresAt: 0 }).toEqual({ ...next, expiresAt: 0 });
        const movedMs = (kept?.expiresAt ?? 0) - record.expiresAt;
        expect([movedMs, [0, 1_000, 2_000, 3_000, 4_000].includes(movedMs)]).toEqual([movedMs, true]);
      }
    });

    // A touch that follows the write would repair what one before it broke.
    for (const touches of [1, 2]) {
      it(`a write just after ${touches === 1 ? 'a touch' : 'two touches'} is kept`, async ({
        driver,
        stored,
        another,
      }) => {
        const second = await another();
        for (let round = 0; round < 6; round++) {
          const { id, record } = await stored();
          const next = { ...record, version: 2, payload: `round ${round}`, userId: 'u' };
          const touching = [second, driver]
            .slice(0, touches)
            .map((each) => each.touch(id, record.expiresAt + 1_000));
          const writing = (round % 2 === 0 ? driver : second).write(id, next);
          expect(await Promise.all([...touching, writing])).toEqual([...touching.map(() => true), true]);
          const kept = await second.read(id);
          expect({ ...kept, expiresAt: 0 }).toEqual({ ...next, expiresAt: 0 });
          expect(await driver.write(id, { ...next, version: 3 })).toBe(true);
        }
      });
    }

    it('a touch beside a removal and a new record of version 1 takes nothing from the new one', async ({
      driver,
      stored,
      another,
    }) => {
      const second = await another();
      for (let round = 0; round < 5; round++) {
        const { id, record } = await stored({ payload: 'old' });
        const next = { ...record, payload: 'new' };
        const replace = async (): Promise<void> => {
          await driver.destroy(id);
          expect(await driver.write(id, next)).toBe(true);
        };
        await Promise.all([second.touch(id, record.expiresAt + 1_000), replace()]);
        expect((await second.read(id))?.payload).toBe('new');
      }
    });

    for (const way of ['destroy', 'destroyVersion'] as const) {
      it(`a touch beside ${way} brings nothing back`, async ({ driver, clock, stored, sample, another }) => {
        const second = await another();
        // An optional method that a driver lacks needs no test.
        if (way === 'destroyVersion' && driver.destroyVersion === undefined) return;
        for (let round = 0; round < 5; round++) {
          const { id, record } = await stored({ userId: 'u' });
          const removed = (): Promise<unknown> =>
            way === 'destroy' ? driver.destroy(id) : (driver.destroyVersion?.(id, 1) ?? Promise.resolve());
          const later = record.expiresAt + 60_000;
          await Promise.all([
            second.touch(id, later),
            driver.touch(id, later),
            removed(),
            driver.touch(id, later),
            second.touch(id, later),
          ]);
          expect([await driver.read(id), await second.read(id)]).toEqual([null, null]);
          expect(await driver.touch(id, clock.now() + 60_000)).toBe(false);
          expect(await second.write(id, sample({ version: 2 }))).toBe(false);
          expect(await driver.write(id, sample())).toBe(true);
        }
      });
    }

    it('a reader beside writers sees whole records only, and never an older one again', async ({
      driver,
      sample,
      another,
    }) => {
      const second = await another();
      const id = freshId();
      const recordOf = (version: number) =>
        sample({ version, payload: `${version},`.repeat(2_000), userId: `u${version}` });
      await driver.write(id, recordOf(1));
      const progress = { writing: true };
      const written = (async () => {
        for (let version = 2; version <= 20; version++) await driver.write(id, recordOf(version));
        progress.writing = false;
      })();
      const seen: (SessionRecord | null)[] = [];
      while (progress.writing) {
        seen.push(await second.read(id));
        // A driver that answers from memory would otherwise never let the writer go on.
        await new Promise(setImmediate);
      }
      await written;
      seen.push(await second.read(id));
      const versions = seen.map((record) => record?.version ?? 0);
      expect(seen).toEqual(versions.map(recordOf));
      expect(versions).toEqual(versions.toSorted((one, other) => one - other));
      expect(versions.at(-1)).toBe(20);
    });

    it('sessions do not get into each other', async ({ driver, sample, another }) => {
      const second = await another();
      const ids = Array.from({ length: 20 }, freshId);
      await Promise.all(
        ids.map((id, index) => (index % 2 === 0 ? driver : second).write(id, sample({ payload: id }))),
      );
      const records = await Promise.all(ids.map((id) => driver.read(id)));
      expect(records.map((record) => record?.payload)).toEqual(ids);
    });
  });
}
