import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/drivers/clock.js';
import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { exists } from '../../../lib/drivers/file/file-system.js';
import { removeOnFullDisk } from '../../../lib/drivers/file/remove-on-full-disk.js';
import { filesOf } from '../../../lib/drivers/file/session-files.js';
import { withLock } from '../../../lib/drivers/file/session-lock.js';
import { freshId, sampleRecord } from '../../conformance/record-samples.js';
import { Deferred } from '../../parallel/support/deferred.js';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk.js';
import { entriesOf, useStoreFolders } from './store-folder.js';

/** Whether a file contains exactly this text. */
const holds =
  (text: string) =>
  async (path: string): Promise<boolean> =>
    (await readFile(path, 'utf8').catch(() => null)) === text;

describe('removing a record when there is no room for a lock', () => {
  const makeFolder = useStoreFolders();
  async function make(content?: string) {
    const location = await makeFolder();
    const files = filesOf(location, freshId());
    await mkdir(dirname(files.record));
    if (content !== undefined) await writeFile(files.record, content);
    return { location, files };
  }

  it('removes only a record that matches, and leaves nothing behind', async () => {
    const { location, files } = await make('first');
    expect(await removeOnFullDisk(files, holds('another'))).toBe(false);
    expect(await readFile(files.record, 'utf8')).toBe('first');
    expect(await removeOnFullDisk(files, holds('first'))).toBe(true);
    expect(await entriesOf(location)).toEqual([]);
    expect(await removeOnFullDisk(files, exists)).toBe(false);
  });

  it('makes the lock holder retry, because its pending write is based on the removed record', async () => {
    const { location, files } = await make('first');
    const [reached, gate] = [new Deferred(), new Deferred()];
    const seen: (string | null)[] = [];
    const writing = withLock(files, async (lock) => {
      const content = await readFile(files.record, 'utf8').catch(() => null);
      seen.push(content);
      reached.resolve();
      await gate.promise;
      if (content !== null) await lock.replaceRecord('second');
    });
    await reached.promise;
    expect(await removeOnFullDisk(files, holds('first'))).toBe(true);
    gate.resolve();
    await writing;
    expect(seen).toEqual(['first', null]);
    expect(await entriesOf(location)).toEqual([]);
  });

  it('restores a record that was written between the check and the removal', async () => {
    const { files } = await make('first');
    let looks = 0;
    const isMeant = async (path: string): Promise<boolean> => {
      const isFirst = await holds('first')(path);
      looks += 1;
      if (looks === 1) await writeFile(files.record, 'second');
      return isFirst;
    };
    expect(await removeOnFullDisk(files, isMeant)).toBe(false);
    expect(await readFile(files.record, 'utf8')).toBe('second');
  });

  it('checks again what a lock holder has written after the removal', async () => {
    for (const [written, left] of [
      ['first', null],
      ['second', 'second'],
    ] as const) {
      const { location, files } = await make('first');
      let looks = 0;
      const isMeant = async (path: string): Promise<boolean> => {
        looks += 1;
        if (looks === 2) await writeFile(files.record, written);
        return holds('first')(path);
      };
      expect(await removeOnFullDisk(files, isMeant)).toBe(left === null);
      expect(await readFile(files.record, 'utf8').catch(() => null)).toBe(left);
      expect(await entriesOf(location)).toHaveLength(left === null ? 0 : 1);
    }
  });

  it('removes a record once, however many callers there are', async () => {
    const { location, files } = await make('first');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => removeOnFullDisk(files, holds('first'))),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await entriesOf(location)).toEqual([]);
  });
});

describeWithSmallDisk('the file driver on a disk that is full', () => {
  it.each(['blocks', 'inodes'] as const)(
    'rejects writes with ENOSPC and still removes records (%s)',
    async (shortage) => {
      using disk = new SmallDisk();
      const driver = new FileDriver({ location: disk.path }, systemClock);
      await driver.open();
      const id = freshId();
      const payload = 'x'.repeat(100_000);
      await driver.write(id, sampleRecord(Date.now()));
      disk.fill(shortage);
      for (const call of [
        () => driver.write(id, sampleRecord(Date.now(), { version: 2, payload })),
        () => driver.write(freshId(), sampleRecord(Date.now(), { payload })),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'ENOSPC' });
      }
      expect(await driver.destroyVersion(id, 2)).toBe(false);
      expect(await driver.read(id)).not.toBeNull();
      expect(await driver.destroyVersion(id, 1)).toBe(true);
      expect(await driver.read(id)).toBeNull();
    },
  );
});
