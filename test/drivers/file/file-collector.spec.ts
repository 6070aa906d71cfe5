import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { newOwner } from '../../../lib/drivers/file/lock-taking.js';
import { filesOf } from '../../../lib/drivers/file/session-files.js';
import { SessionStoreError } from '../../../lib/session.errors.js';
import { DAY_MS, freshId, MINUTE_MS, sampleRecord } from '../../conformance/record-samples.js';
import { StoppedClock } from '../../conformance/stopped-clock.js';
import { endedOwner, ownerElsewhere } from './ended-process.js';
import { entriesOf, useStoreFolders } from './store-folder.js';

describe('garbage collection in a folder of sessions', () => {
  const makeFolder = useStoreFolders();
  const openStore = async () => {
    const location = await makeFolder();
    const clock = new StoppedClock();
    const driver = new FileDriver({ location }, clock);
    await driver.open();
    return { location, clock, driver };
  };

  it('removes nothing when nothing was ever stored or the folder is gone', async () => {
    const { location, clock, driver } = await openStore();
    expect(await driver.collectGarbage(clock.now())).toBe(0);
    await rm(location, { recursive: true });
    expect(await driver.collectGarbage(clock.now())).toBe(0);
  });

  it('removes the locks and temporary folders of processes that have ended', async () => {
    const { location, clock, driver } = await openStore();
    const [locked, free, preparing] = [
      filesOf(location, 'a'),
      filesOf(location, 'b'),
      filesOf(location, 'c'),
    ];
    const owner = await endedOwner();
    await mkdir(join(locked.lock, owner), { recursive: true });
    await writeFile(join(locked.lock, owner, 'next'), 'half a rec');
    await mkdir(free.lock, { recursive: true });
    await mkdir(join(preparing.temporary(owner), owner), { recursive: true });
    expect(await driver.collectGarbage(clock.now())).toBe(0);
    expect(await entriesOf(location)).toEqual([]);
  });

  it('removes what owners of unknown state have held for more than a minute, and nothing younger', async () => {
    const { location, clock, driver } = await openStore();
    const young = newOwner();
    const old = await ownerElsewhere();
    for (const owner of [young, old]) {
      const paths = [
        join(filesOf(location, `locked by ${owner}`).lock, owner),
        filesOf(location, `prepared by ${owner}`).temporary(owner),
      ];
      for (const path of paths) {
        await mkdir(path, { recursive: true });
        const madeAtMs = clock.now() - (owner === old ? MINUTE_MS + 2_000 : 0);
        await utimes(path, madeAtMs / 1_000, madeAtMs / 1_000);
      }
    }
    await driver.collectGarbage(clock.now());
    const left = await entriesOf(location);
    expect(left.filter((entry) => entry.includes(old))).toEqual([]);
    expect(left.filter((entry) => entry.includes(young))).toHaveLength(2);
  });

  it('removes files that have been unreadable for a day, without counting them, and nothing younger', async () => {
    const { location, clock, driver } = await openStore();
    const [old, young] = [filesOf(location, 'old'), filesOf(location, 'young')];
    for (const files of [old, young]) {
      await mkdir(dirname(files.record), { recursive: true });
      await writeFile(files.record, '9 a format of years to come');
      const writtenAtMs = clock.now() - DAY_MS + (files === old ? -1_000 : 60_000);
      await utimes(files.record, writtenAtMs / 1_000, writtenAtMs / 1_000);
    }
    expect(await driver.collectGarbage(clock.now())).toBe(0);
    await expect(stat(old.record)).rejects.toThrow('ENOENT');
    expect((await stat(young.record)).isFile()).toBe(true);
  });

  it('removes nothing that somebody else has put there', async () => {
    const { location, clock, driver } = await openStore();
    await mkdir(join(location, 'ab', 'folder'), { recursive: true });
    await mkdir(join(location, 'not-a-shard'));
    await writeFile(join(location, '.gitignore'), '*');
    await writeFile(join(location, 'cd'), 'a file where a folder might be');
    await writeFile(join(location, 'ab', 'notes.txt'), '');
    await driver.collectGarbage(clock.now() + 1_000 * DAY_MS);
    expect((await readdir(location)).toSorted()).toEqual(['.gitignore', 'ab', 'cd', 'not-a-shard']);
    expect((await readdir(join(location, 'ab'))).toSorted()).toEqual(['folder', 'notes.txt']);
  });

  it('removes one file at a time and reports each to its caller', async () => {
    const { clock, driver } = await openStore();
    const expired = sampleRecord(clock.now(), { expiresAt: clock.now() });
    for (let times = 0; times < 3; times += 1) await driver.write(freshId(), expired);
    let heard = 0;
    expect(await driver.collectGarbage(clock.now(), () => void (heard += 1))).toBe(3);
    expect(heard).toBe(3);
  });

  it('continues to the end if a file cannot be collected, and reports it', async () => {
    const { location, clock, driver } = await openStore();
    const expired = sampleRecord(clock.now(), { expiresAt: clock.now() });
    const ids = Array.from({ length: 20 }, freshId);
    for (const id of ids) await driver.write(id, expired);
    const obstacle = filesOf(location, ids[10] ?? '').record;
    await rm(obstacle);
    await mkdir(obstacle);
    const collecting = driver.collectGarbage(clock.now());
    await expect(collecting).rejects.toBeInstanceOf(SessionStoreError);
    await expect(collecting).rejects.toMatchObject({
      message: expect.stringMatching(/^1 file/),
      cause: { code: 'EISDIR' },
    });
    expect(await entriesOf(location)).toHaveLength(1);
  });

  it('stops when the driver closes, and leaves the rest for the next time', async () => {
    const { clock, driver } = await openStore();
    const expired = sampleRecord(clock.now(), { expiresAt: clock.now() });
    for (let index = 0; index < 50; index++) await driver.write(freshId(), expired);
    const collecting = driver.collectGarbage(clock.now());
    await driver.close();
    const removed = await collecting;
    expect(removed).toBeLessThan(50);
    await driver.open();
    expect(await driver.collectGarbage(clock.now())).toBe(50 - removed);
  });
});
