import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SessionRecord, UserRecords } from '../../../lib/drivers/driver.js';
import { FileDriver } from '../../../lib/drivers/file/file.driver.js';
import { filesOf } from '../../../lib/drivers/file/session-files.js';
import { UserFiles } from '../../../lib/drivers/file/user-files.js';
import { SessionConfigError } from '../../../lib/session.errors.js';
import { freshId, HOUR_MS, sampleRecord } from '../../conformance/record-samples.js';
import { StoppedClock } from '../../conformance/stopped-clock.js';
import { entriesOf, useStoreFolders } from './store-folder.js';

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

class CountingFileDriver extends FileDriver {
  reads = 0;

  override read(id: string): Promise<SessionRecord | null> {
    this.reads += 1;
    return super.read(id);
  }
}

describe('FileDriver', () => {
  const makeFolder = useStoreFolders();
  const clock = new StoppedClock();
  const openIn = async (location: string) => {
    const driver = new FileDriver({ location }, clock);
    await driver.open();
    return driver;
  };

  describe('storage', () => {
    it('creates its folder for its owner only, and the parent folders with the usual mode', async () => {
      const above = join(await makeFolder(), 'above');
      const location = join(above, 'sessions');
      const driver = await openIn(location);
      await driver.write('id', sampleRecord(clock.now()));
      const { record } = filesOf(location, 'id');
      expect(await modeOf(location)).toBe('700');
      expect(await modeOf(dirname(record))).toBe('700');
      expect(await modeOf(record)).toBe('600');
      expect(await modeOf(above)).toBe((0o777 & ~process.umask()).toString(8));
    });

    it('keeps the file mode when a session is written again or touched', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      const { record } = filesOf(location, 'id');
      await driver.write('id', sampleRecord(clock.now()));
      await driver.write('id', sampleRecord(clock.now(), { version: 2 }));
      expect(await modeOf(record)).toBe('600');
      await driver.touch('id', clock.now() + HOUR_MS);
      expect(await modeOf(record)).toBe('600');
    });

    it('leaves the mode of an existing folder as it is', async () => {
      const location = join(await makeFolder(), 'sessions');
      await mkdir(location, { mode: 0o750 });
      const before = await modeOf(location);
      await openIn(location);
      expect(await modeOf(location)).toBe(before);
    });

    it('keeps one file per session and none for a destroyed one', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      const ids = Array.from({ length: 10 }, freshId);
      await Promise.all(ids.map((id) => driver.write(id, sampleRecord(clock.now()))));
      await Promise.all(ids.map((id) => driver.touch(id, clock.now() + HOUR_MS)));
      expect(await entriesOf(location)).toHaveLength(10);
      await Promise.all(ids.map((id) => driver.destroy(id)));
      expect(await entriesOf(location)).toEqual([]);
    });

    it('never uses an id as a file name', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      await driver.write('../outside', sampleRecord(clock.now()));
      expect(await readdir(dirname(location))).not.toContain('outside');
      const [file = ''] = await entriesOf(location);
      expect(file).toMatch(/^[0-9a-f]{64}$/);
    });

    it('stores sessions in storage/sessions below the working directory by default', async () => {
      const before = process.cwd();
      const workingDirectory = await makeFolder();
      process.chdir(workingDirectory);
      let driver: FileDriver;
      try {
        driver = new FileDriver();
      } finally {
        process.chdir(before);
      }
      await driver.open();
      await driver.write('id', sampleRecord(Date.now()));
      expect(await entriesOf(resolve(workingDirectory, 'storage/sessions'))).toHaveLength(1);
    });

    it('keeps working when its folder is removed', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      await driver.write('id', sampleRecord(clock.now()));
      await rm(location, { recursive: true });
      expect(await driver.read('id')).toBeNull();
      expect(await driver.touch('id', clock.now() + HOUR_MS)).toBe(false);
      expect(await driver.write('id', sampleRecord(clock.now(), { version: 2 }))).toBe(false);
      expect(await driver.write('id', sampleRecord(clock.now()))).toBe(true);
      expect(await modeOf(location)).toBe('700');
    });
  });

  it('lists a thousand sessions of a user in pages of 200 reads, and a few without reading those of others', async () => {
    const location = await makeFolder();
    const driver = new CountingFileDriver({ location }, clock);
    await driver.open();
    const users = new UserFiles(location);
    // Most have only the entry in the user's list: writing records takes locks, which this test is not about.
    const ids = Array.from({ length: 1_000 }, (_, at) => `id-${at}`);
    for (let at = 0; at < ids.length; at += 100)
      await Promise.all(ids.slice(at, at + 100).map((id) => users.add('ann', id)));
    for (const id of ['b', 'c']) await driver.write(id, sampleRecord(clock.now(), { userId: 'bob' }));
    /**
     * The ids on the first three pages, and the reads for each. The conformance suite checks that all pages together
     * are complete.
     */
    const listing = async (userId: string) => {
      const [found, reads]: [string[], number[]] = [[], []];
      for (let cursor: string | null = null; ;) {
        driver.reads = 0;
        const page: UserRecords = await driver.listByUser(userId, cursor);
        found.push(...page.records.map(({ id }) => id));
        reads.push(driver.reads);
        ({ cursor } = page);
        if (cursor === null || reads.length === 3)
          return { found: found.toSorted(), reads, goesOn: cursor !== null };
      }
    };
    expect(await listing('bob')).toEqual({ found: ['b', 'c'], reads: [2], goesOn: false });
    expect(await listing('ann')).toEqual({ found: [], reads: [200, 200, 200], goesOn: true });
  });

  it('runs the calls of one process on a session in order', async () => {
    const driver = await openIn(await makeFolder());
    const record = sampleRecord(clock.now());
    const results = await Promise.all([
      driver.write('id', record),
      driver.write('id', { ...record, version: 2 }),
      driver.write('id', { ...record, version: 3 }),
      driver.destroy('id'),
      driver.touch('id', record.expiresAt),
      driver.write('id', record),
      driver.write('id', { ...record, version: 2 }),
    ]);
    expect(results).toEqual([true, true, true, undefined, false, true, true]);
  });

  it('keeps working with a session after a call has failed', async () => {
    const location = await makeFolder();
    const driver = await openIn(location);
    const shard = dirname(filesOf(location, 'id').record);
    await writeFile(shard, '');
    const failing = driver.destroy('id');
    const waiting = driver.write('id', sampleRecord(clock.now()));
    await expect(failing).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(waiting).rejects.toMatchObject({ code: 'ENOTDIR' });
    await rm(shard);
    expect(await driver.write('id', sampleRecord(clock.now()))).toBe(true);
  });

  describe('a wrong location', () => {
    it.each(['', 'a\0b'])('is refused by the constructor: "%s"', (location) => {
      expect(() => new FileDriver({ location })).toThrow(SessionConfigError);
      expect(() => new FileDriver({ location })).toThrow(/file\.location' got .*takes the path of a folder/);
    });

    it('is refused by open: a file', async () => {
      const location = join(await makeFolder(), 'file');
      await writeFile(location, '');
      await expect(openIn(location)).rejects.toBeInstanceOf(SessionConfigError);
      await expect(openIn(location)).rejects.toThrow(/file\.location.*EEXIST/);
      await expect(openIn(join(location, 'sessions'))).rejects.toThrow(/file\.location.*ENOTDIR|EEXIST/);
    });
  });

  describe('damaged records', () => {
    const packedOf = async (location: string, driver: FileDriver) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now(), { payload: '{"a":"é"}', userId: 'u' }));
      const { record } = filesOf(location, id);
      return { id, record, bytes: await readFile(record) };
    };

    it('treats a record that was truncated at any byte as missing', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      const { id, record, bytes } = await packedOf(location, driver);
      for (let length = 0; length < bytes.length; length++) {
        await writeFile(record, bytes.subarray(0, length));
        expect(await driver.read(id), `${length} of ${bytes.length} bytes`).toBeNull();
      }
    });

    it.each<[what: string, damage: (bytes: Buffer) => Buffer]>([
      ['of another format', (bytes) => Buffer.concat([Buffer.from('9'), bytes.subarray(1)])],
      ['with more behind it', (bytes) => Buffer.concat([bytes, bytes])],
      [
        'with a byte that is no UTF-8',
        (bytes) => Buffer.from(bytes.map((byte) => (byte === 0x61 ? 0xff : byte))),
      ],
      ['full of NUL', (bytes) => Buffer.alloc(bytes.length)],
    ])('treats a record %s as missing: it can be created anew, but not continued', async (_what, damage) => {
      const location = await makeFolder();
      const driver = await openIn(location);
      const { id, record, bytes } = await packedOf(location, driver);
      expect(damage(bytes)).not.toEqual(bytes);
      await writeFile(record, damage(bytes));
      expect(await driver.read(id)).toBeNull();
      expect(await driver.touch(id, clock.now() + HOUR_MS)).toBe(false);
      expect(await driver.write(id, sampleRecord(clock.now(), { version: 2 }))).toBe(false);
      expect(await driver.write(id, sampleRecord(clock.now()))).toBe(true);
      expect(await driver.read(id)).toEqual(sampleRecord(clock.now()));
    });

    it.each<[what: string, call: (driver: FileDriver) => Promise<unknown>]>([
      ['read', (driver) => driver.read('id')],
      ['write', (driver) => driver.write('id', sampleRecord(clock.now()))],
      ['touch', (driver) => driver.touch('id', clock.now() + HOUR_MS)],
      ['destroy', (driver) => driver.destroy('id')],
    ])('a file system error makes %s fail instead of returning "no session"', async (_what, call) => {
      const location = await makeFolder();
      const driver = await openIn(location);
      // A file in place of the folder makes everything below it fail, even for root.
      await writeFile(dirname(filesOf(location, 'id').record), '');
      await expect(call(driver)).rejects.toMatchObject({ code: 'ENOTDIR' });
    });
  });
});
