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

  describe('where it keeps sessions', () => {
    it('makes its folder for its owner alone, and those above it as usual', async () => {
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

    it('keeps the modes when a session is written again or touched', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      const { record } = filesOf(location, 'id');
      await driver.write('id', sampleRecord(clock.now()));
      await driver.write('id', sampleRecord(clock.now(), { version: 2 }));
      expect(await modeOf(record)).toBe('600');
      await driver.touch('id', clock.now() + HOUR_MS);
      expect(await modeOf(record)).toBe('600');
    });

    it('takes a folder that is there already, as it is', async () => {
      const location = join(await makeFolder(), 'sessions');
      await mkdir(location, { mode: 0o750 });
      const before = await modeOf(location);
      await openIn(location);
      expect(await modeOf(location)).toBe(before);
    });

    it('leaves one file for a session and none for a destroyed one', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      const ids = Array.from({ length: 10 }, freshId);
      await Promise.all(ids.map((id) => driver.write(id, sampleRecord(clock.now()))));
      await Promise.all(ids.map((id) => driver.touch(id, clock.now() + HOUR_MS)));
      expect(await entriesOf(location)).toHaveLength(10);
      await Promise.all(ids.map((id) => driver.destroy(id)));
      expect(await entriesOf(location)).toEqual([]);
    });

    it('names no file after an id', async () => {
      const location = await makeFolder();
      const driver = await openIn(location);
      await driver.write('../outside', sampleRecord(clock.now()));
      expect(await readdir(dirname(location))).not.toContain('outside');
      const [file = ''] = await entriesOf(location);
      expect(file).toMatch(/^[0-9a-f]{64}$/);
    });

    it('keeps sessions in storage/sessions below the working directory unless told otherwise', async () => {
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

    it('goes on where the folder was emptied, or removed, under it', async () => {
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

  it('lists a thousand sessions of a user by pages of some hundred, and a few as if nobody else had any', async () => {
    const location = await makeFolder();
    const driver = new CountingFileDriver({ location }, clock);
    await driver.open();
    const users = new UserFiles(location);
    // Of most there is the entry alone: a record takes a lock, which is not what this is about.
    const ids = Array.from({ length: 1_000 }, (_, at) => `id-${at}`);
    for (let at = 0; at < ids.length; at += 100)
      await Promise.all(ids.slice(at, at + 100).map((id) => users.add('ann', id)));
    for (const id of ['b', 'c']) await driver.write(id, sampleRecord(clock.now(), { userId: 'bob' }));
    /** What the first three pages have, and how many records were read for each; that all pages have all of them, the conformance suite sees. */
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

  it('does what one process asks of a session in the order it was asked', async () => {
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

  it('goes on with a session after a call that failed', async () => {
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
    it.each(['', 'a\0b'])('is refused at once: "%s"', (location) => {
      expect(() => new FileDriver({ location })).toThrow(SessionConfigError);
      expect(() => new FileDriver({ location })).toThrow(/file\.location' got .*takes the path of a folder/);
    });

    it('is refused when opened: a file', async () => {
      const location = join(await makeFolder(), 'file');
      await writeFile(location, '');
      await expect(openIn(location)).rejects.toBeInstanceOf(SessionConfigError);
      await expect(openIn(location)).rejects.toThrow(/file\.location.*EEXIST/);
      await expect(openIn(join(location, 'sessions'))).rejects.toThrow(/file\.location.*ENOTDIR|EEXIST/);
    });
  });

  describe('damage', () => {
    const packedOf = async (location: string, driver: FileDriver) => {
      const id = freshId();
      await driver.write(id, sampleRecord(clock.now(), { payload: '{"a":"é"}', userId: 'u' }));
      const { record } = filesOf(location, id);
      return { id, record, bytes: await readFile(record) };
    };

    it('takes a record that was cut short, anywhere, for none', async () => {
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
    ])('takes a record %s for none: it can be written anew, but not go on', async (_what, damage) => {
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
    ])('a disk that refuses is an error of %s, and not "no session"', async (_what, call) => {
      const location = await makeFolder();
      const driver = await openIn(location);
      // A file where a folder has to be: nothing below it can be read or written, whoever asks.
      await writeFile(dirname(filesOf(location, 'id').record), '');
      await expect(call(driver)).rejects.toMatchObject({ code: 'ENOTDIR' });
    });
  });
});
