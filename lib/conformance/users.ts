import type { RecordDriver, UserRecords } from '../drivers/driver.js';
import { freshId, MINUTE_MS } from './record-samples.js';
import type { ConformanceSuite, DriverAtTest } from './suite.js';

type Listed = UserRecords['records'][number];

/** A few more than fit on a page of any driver. */
const MANY_SESSIONS = 450;

type ListingDriver = RecordDriver & Required<Pick<RecordDriver, 'listByUser'>>;

/** The tools of a test, with a driver that can list. */
type ListerAtTest = DriverAtTest & { readonly driver: ListingDriver };

/**
 * Tests `listByUser`: which records belong to whom, through every change. A driver without it passes: the method
 * is optional.
 */
export function describeUsers({ describe, it: itOfAny, expect }: ConformanceSuite): void {
  const it = (sentence: string, test: (at: ListerAtTest) => Promise<void>) =>
    itOfAny(sentence, async (at) => {
      const { driver } = at;
      if (canList(driver)) await test({ ...at, driver });
    });

  describe('listByUser', () => {
    it('gives the records of a user with their ids, and nobody else’s', async ({ driver, stored }) => {
      const [user, other] = [freshId(), freshId()];
      const first = await stored({ userId: user, ipAddress: '127.0.0.1', userAgent: 'a browser' });
      const second = await stored({ userId: user });
      await stored({ userId: other });
      await stored({ userId: null });
      expect(await all(driver, user)).toEqual(
        sorted([first, second].map(({ id, record }) => ({ ...record, id }))),
      );
    });

    it('gives nothing for a user without a record', async ({ driver }) => {
      expect(await driver.listByUser(freshId(), null)).toEqual({ records: [], cursor: null });
    });

    it('takes users to the letter', async ({ driver, stored }) => {
      const user = freshId();
      const endings = ['', ' ', 'A', 'a', ':', '/../x', 'é', '%', '\0'];
      const spellings = [` ${user}`, ...endings.map((ending) => user + ending)];
      const ids = new Map<string, string>();
      for (const userId of spellings) ids.set(userId, (await stored({ userId })).id);
      for (const userId of spellings) {
        expect((await all(driver, userId)).map(({ id }) => id)).toEqual([ids.get(userId)]);
      }
    });

    it('follows a record to another user, and to none', async ({ driver, stored }) => {
      const [user, other] = [freshId(), freshId()];
      const { id, record } = await stored({ userId: user });
      const moved = { ...record, userId: other, version: 2 };
      expect(await driver.write(id, moved)).toBe(true);
      expect(await all(driver, user)).toEqual([]);
      expect(await all(driver, other)).toEqual([{ ...moved, id }]);
      expect(await driver.write(id, { ...record, userId: null, version: 3 })).toBe(true);
      expect(await all(driver, other)).toEqual([]);
    });

    it('knows a record that began without a user', async ({ driver, stored }) => {
      const user = freshId();
      const { id, record } = await stored({ userId: null });
      const signedIn = { ...record, userId: user, version: 2 };
      expect(await driver.write(id, signedIn)).toBe(true);
      expect(await all(driver, user)).toEqual([{ ...signedIn, id }]);
    });

    it('does not count a write that was refused', async ({ driver, stored, sample }) => {
      const user = freshId();
      const { id } = await stored({ userId: null });
      expect(await driver.write(id, sample({ version: 3, userId: user }))).toBe(false);
      expect(await all(driver, user)).toEqual([]);
    });

    it('forgets what was destroyed', async ({ driver, stored }) => {
      const user = freshId();
      const { id } = await stored({ userId: user });
      const kept = await stored({ userId: user });
      await driver.destroy(id);
      expect((await all(driver, user)).map((each) => each.id)).toEqual([kept.id]);
      if (driver.destroyVersion !== undefined) await driver.destroyVersion(kept.id, 1);
      else await driver.destroy(kept.id);
      expect(await all(driver, user)).toEqual([]);
    });

    it('never gives an expired one, and keeps one that was touched', async ({ driver, clock, stored }) => {
      const user = freshId();
      const short = await stored({ userId: user });
      const long = await stored({ userId: user });
      const expiresAt = long.record.expiresAt + MINUTE_MS;
      expect(await driver.touch(long.id, expiresAt)).toBe(true);
      clock.set(short.record.expiresAt);
      expect(await all(driver, user)).toEqual([{ ...long.record, expiresAt, id: long.id }]);
    });

    it('is seen by another process', async ({ another, stored }) => {
      const user = freshId();
      const { id } = await stored({ userId: user });
      const second = await another();
      if (!canList(second)) throw new Error('A second driver on the same store cannot list.');
      expect((await all(second, user)).map((each) => each.id)).toEqual([id]);
    });

    it('gives all of many, a page at a time', async ({ driver, sample }) => {
      const user = freshId();
      const ids = Array.from({ length: MANY_SESSIONS }, freshId);
      for (const id of ids) await driver.write(id, sample({ userId: user }));
      const first = await driver.listByUser(user, null);
      expect(first.records.length < MANY_SESSIONS).toBe(true);
      expect((await all(driver, user)).map(({ id }) => id)).toEqual(ids.toSorted());
      await Promise.all(ids.map((id) => driver.destroy(id)));
      expect(await all(driver, user)).toEqual([]);
    });

    it('passes over none that stays while others come and go between two pages', async ({
      driver,
      sample,
    }) => {
      const user = freshId();
      const ids = Array.from({ length: MANY_SESSIONS }, freshId);
      for (const id of ids) await driver.write(id, sample({ userId: user }));
      const found = new Set<string>();
      const gone = new Set<string>();
      for await (const records of pagesOf(driver, user)) {
        for (const { id } of records) found.add(id);
        for (const id of [...found].slice(0, 20)) {
          await driver.destroy(id);
          gone.add(id);
          await driver.write(freshId(), sample({ userId: user }));
        }
      }
      expect(ids.filter((id) => !found.has(id) && !gone.has(id))).toEqual([]);
    });
  });
}

function canList(driver: RecordDriver): driver is ListingDriver {
  return driver.listByUser !== undefined;
}

async function* pagesOf(driver: ListingDriver, userId: string): AsyncIterable<readonly Listed[]> {
  let cursor: string | null = null;
  do {
    const page: UserRecords = await driver.listByUser(userId, cursor);
    yield page.records;
    ({ cursor } = page);
  } while (cursor !== null);
}

/** All pages, ordered by id; an id that is on two pages only once. */
async function all(driver: ListingDriver, userId: string): Promise<readonly Listed[]> {
  const records = new Map<string, Listed>();
  for await (const page of pagesOf(driver, userId)) for (const record of page) records.set(record.id, record);
  return sorted([...records.values()]);
}

function sorted(records: readonly Listed[]): readonly Listed[] {
  return records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
