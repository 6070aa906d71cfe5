import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { UserRecords } from '../../../lib/drivers/driver.js';
import { MemoryDriver } from '../../../lib/drivers/memory/memory.driver.js';
import { SessionConfigError } from '../../../lib/session.errors.js';
import { HOUR_MS, sampleRecord } from '../../conformance/record-samples.js';
import { StoppedClock } from '../../conformance/stopped-clock.js';

async function keptOf(driver: MemoryDriver, ids: string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const id of ids) if ((await driver.read(id)) !== null) kept.push(id);
  return kept;
}

describe('MemoryDriver', () => {
  const clock = new StoppedClock();

  it('lists ten thousand sessions of a user in pages of 200', async () => {
    const driver = new MemoryDriver({}, clock);
    const ids = Array.from({ length: 10_000 }, (_, at) => `id-${at}`);
    for (const id of ids) await driver.write(id, sampleRecord(clock.now(), { userId: 'ann' }));
    const pages: string[][] = [];
    for (let cursor: string | null = null; ;) {
      const page: UserRecords = await driver.listByUser('ann', cursor);
      pages.push(page.records.map(({ id }) => id));
      ({ cursor } = page);
      if (cursor === null) break;
    }
    expect(pages.flat()).toEqual(ids);
    expect(pages.map(({ length }) => length)).toEqual(Array.from({ length: 50 }, () => 200));
  });

  describe('with a limit', () => {
    it('drops the session that has gone unused the longest', async () => {
      const driver = new MemoryDriver({ max: 3 }, clock);
      const record = sampleRecord(clock.now());
      for (const id of ['a', 'b', 'c', 'd']) expect(await driver.write(id, record)).toBe(true);
      expect(await keptOf(driver, ['a', 'b', 'c', 'd'])).toEqual(['b', 'c', 'd']);
    });

    it.each<[string, (driver: MemoryDriver) => Promise<unknown>]>([
      ['a read', (driver) => driver.read('a')],
      ['a touch', (driver) => driver.touch('a', clock.now() + HOUR_MS)],
      ['a write', (driver) => driver.write('a', sampleRecord(clock.now(), { version: 2 }))],
    ])('counts %s as a use', async (_what, use) => {
      const driver = new MemoryDriver({ max: 3 }, clock);
      const record = sampleRecord(clock.now());
      for (const id of ['a', 'b', 'c']) await driver.write(id, record);
      await use(driver);
      await driver.write('d', record);
      expect(await keptOf(driver, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
    });

    it('does not count a refused write as a use', async () => {
      const stopped = new StoppedClock();
      const driver = new MemoryDriver({ max: 2 }, stopped);
      const record = sampleRecord(stopped.now());
      await driver.write('a', record);
      await driver.write('b', record);
      expect(await driver.write('a', record)).toBe(false);
      await driver.write('c', record);
      expect(await keptOf(driver, ['a', 'b', 'c'])).toEqual(['b', 'c']);
    });

    it('frees room when sessions are destroyed or collected', async () => {
      const stopped = new StoppedClock();
      const driver = new MemoryDriver({ max: 3 }, stopped);
      const record = sampleRecord(stopped.now());
      for (const id of ['a', 'b']) await driver.write(id, record);
      await driver.write('c', { ...record, expiresAt: stopped.now() + 1 });
      await driver.destroy('b');
      await driver.destroy('b');
      expect(await driver.collectGarbage(stopped.now() + 1)).toBe(1);
      for (const id of ['d', 'e']) await driver.write(id, record);
      expect(await keptOf(driver, ['a', 'b', 'c', 'd', 'e'])).toEqual(['a', 'd', 'e']);
      await driver.write('f', record);
      expect(await keptOf(driver, ['a', 'd', 'e', 'f'])).toEqual(['d', 'e', 'f']);
    });

    it('keeps only the last session if the limit is one', async () => {
      const driver = new MemoryDriver({ max: 1 }, clock);
      for (const id of ['a', 'b', 'c']) await driver.write(id, sampleRecord(clock.now()));
      expect(await keptOf(driver, ['a', 'b', 'c'])).toEqual(['c']);
    });

    it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a limit', (max) => {
      expect(() => new MemoryDriver({ max })).toThrow(SessionConfigError);
      expect(() => new MemoryDriver({ max })).toThrow(/memory\.max' got .*from 1 on/);
    });
  });

  it('uses the system clock by default', async () => {
    const driver = new MemoryDriver();
    await driver.write('past', sampleRecord(Date.now(), { expiresAt: Date.now() - 1 }));
    await driver.write('future', sampleRecord(Date.now()));
    expect(await keptOf(driver, ['past', 'future'])).toEqual(['future']);
  });

  it('yields to the event loop while it collects from 100,000 sessions, and removes only expired ones', async () => {
    const driver = new MemoryDriver({}, clock);
    const expired = sampleRecord(clock.now(), { expiresAt: clock.now() });
    const live = sampleRecord(clock.now());
    for (let index = 0; index < 100_000; index++) {
      await driver.write(`session ${index}`, index % 2 === 0 ? expired : live);
    }
    let turns = 0;
    const progress = { collecting: true };
    const collecting = driver.collectGarbage(clock.now()).finally(() => (progress.collecting = false));
    while (progress.collecting) {
      await nextTurn();
      turns++;
    }
    expect(await collecting).toBe(50_000);
    expect(turns).toBeGreaterThan(1);
    expect(await driver.read('session 1')).toEqual(live);
    expect(await driver.collectGarbage(clock.now())).toBe(0);
  });

  it('finishes collecting even while new sessions keep arriving', async () => {
    const driver = new MemoryDriver({}, clock);
    const expired = sampleRecord(clock.now(), { expiresAt: clock.now() });
    for (let index = 0; index < 50_000; index++) await driver.write(`session ${index}`, expired);
    const progress = { collecting: true };
    const collecting = driver.collectGarbage(clock.now()).finally(() => (progress.collecting = false));
    for (let index = 0; progress.collecting; index++) {
      await driver.write(`new ${index}`, sampleRecord(clock.now()));
      await nextTurn();
    }
    expect(await collecting).toBe(50_000);
    expect(await driver.read('new 0')).not.toBeNull();
  });
});
