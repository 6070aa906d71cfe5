import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import type { ConformanceSuite, DriverAtTest } from './suite.js';
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

/** The tools of a test, with a second driver on the same store. */
type PairAtTest = DriverAtTest & { readonly second: RecordDriver };

/** What 20 writers write at once, and what is stored before. */
const races: [what: string, version: number, before: (at: DriverAtTest, id: string) => Promise<unknown>][] = [
  ['of version 1', 1, async () => undefined],
  ['of version 2', 2, ({ driver, sample }, id) => driver.write(id, sample())],
  [
    'that replace an expired record',
    1,
    async ({ driver, clock, sample }, id) => {
      const expired = sample();
      await driver.write(id, expired);
      clock.set(expired.expiresAt);
    },
  ],
];

/**
 * Tests simultaneous requests, in two processes if `openSecond` is given: one writer wins, and no update is
 * lost.
 */
export function describeParallel({ describe, it: itOfAny, expect }: ConformanceSuite): void {
  const it = (sentence: string, test: (at: PairAtTest) => Promise<void>) =>
    itOfAny(sentence, async (at) => test({ ...at, second: await at.another() }));

  describe('parallel requests', () => {
    for (const [what, version, before] of races) {
      it(`of 20 writers ${what} exactly one wins, and its record is kept`, async (at) => {
        const { driver, sample, second } = at;
        const id = freshId();
        await before(at, id);
        const writing = Array.from({ length: 20 }, (_, writer) =>
          (writer % 2 === 0 ? driver : second).write(id, sample({ version, payload: `writer ${writer}` })),
        );
        const results = await Promise.all(writing);
        expect(results.filter(Boolean).length).toBe(1);
        const kept = await driver.read(id);
        expect([kept?.version, kept?.payload]).toEqual([version, `writer ${results.indexOf(true)}`]);
        expect(await second.read(id)).toEqual(kept);
      });
    }

    it('loses no update of ten writers that read, change and write', async ({ driver, stored, second }) => {
      const { id } = await stored({ payload: '0' });
      await Promise.all(
        Array.from({ length: 10 }, async (_, writer) => {
          for (let round = 0; round < 3; round++) await increment(writer % 2 === 0 ? driver : second, id);
        }),
      );
      const counted = await driver.read(id);
      expect([counted?.payload, counted?.version]).toEqual(['30', 31]);
    });

    it('a touch beside a write takes nothing from it', async ({ driver, stored, second }) => {
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
        second,
      }) => {
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
      second,
    }) => {
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

    it('a removal wins over writes and touches that come at the same time', async ({
      driver,
      stored,
      second,
    }) => {
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

    it('a reader beside writers sees whole records only, and never an older one again', async ({
      driver,
      sample,
      second,
    }) => {
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

    it('sessions do not get into each other', async ({ driver, sample, second }) => {
      const ids = Array.from({ length: 20 }, freshId);
      await Promise.all(
        ids.map((id, index) => (index % 2 === 0 ? driver : second).write(id, sample({ payload: id }))),
      );
      const records = await Promise.all(ids.map((id) => driver.read(id)));
      expect(records.map((record) => record?.payload)).toEqual(ids);
    });
  });
}
