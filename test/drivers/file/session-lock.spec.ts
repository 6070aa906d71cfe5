import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newOwner } from '../../../lib/drivers/file/lock-taking.js';
import { filesOf, type SessionFiles } from '../../../lib/drivers/file/session-files.js';
import { withLock } from '../../../lib/drivers/file/session-lock.js';
import { freshId } from '../../conformance/record-samples.js';
import { endedOwner, ownerElsewhere } from './ended-process.js';
import { entriesOf, useStoreFolders } from './store-folder.js';

const doNothing = (): void => {};

/** A promise that a test resolves. */
function makeBarrier(): { passed: Promise<void>; open: () => void } {
  let open = doNothing;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

async function lockAs(files: SessionFiles, owner: string): Promise<void> {
  await mkdir(join(files.lock, owner), { recursive: true });
}

describe('the lock of a session', () => {
  const makeFolder = useStoreFolders();
  const makeFiles = async () => {
    const location = await makeFolder();
    return { location, files: filesOf(location, freshId()) };
  };

  it('admits one holder at a time, however many are waiting', async () => {
    const { location, files } = await makeFiles();
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, () =>
        withLock(files, async (lock) => {
          most = Math.max(most, ++inside);
          const count = Number(await readFile(files.record, 'utf8').catch(() => '0'));
          await lock.replaceRecord(String(count + 1));
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(await readFile(files.record, 'utf8')).toBe('12');
    expect(await entriesOf(location)).toHaveLength(1);
  });

  it('does not block other sessions', async () => {
    const location = await makeFolder();
    const both = makeBarrier();
    await withLock(filesOf(location, 'one'), async () => {
      await withLock(filesOf(location, 'other'), async () => both.open());
      await both.passed;
    });
    expect(await entriesOf(location)).toEqual([]);
  });

  it('is released when the work fails, with the error and without leftovers', async () => {
    const { location, files } = await makeFiles();
    // A folder that is not empty cannot be replaced by a file.
    await mkdir(join(files.record, 'obstacle'), { recursive: true });
    await expect(withLock(files, (lock) => lock.replaceRecord('record'))).rejects.toThrow(/EISDIR|ENOTEMPTY/);
    expect((await entriesOf(location)).filter((entry) => /lock|tmp/.test(entry))).toEqual([]);
    await rm(files.record, { recursive: true });
    await withLock(files, (lock) => lock.replaceRecord('record'));
    expect(await readFile(files.record, 'utf8')).toBe('record');
  });

  it('admits one holder at a time when many find it owned by a process that has ended', async () => {
    const { files } = await makeFiles();
    for (let round = 0; round < 5; round++) {
      await lockAs(files, await endedOwner());
      await Promise.all(
        Array.from({ length: 8 }, () =>
          withLock(files, async (lock) => {
            const count = Number(await readFile(files.record, 'utf8').catch(() => '0'));
            await lock.replaceRecord(String(count + 1));
          }),
        ),
      );
    }
    expect(await readFile(files.record, 'utf8')).toBe('40');
  });

  // The tests below wait about a second until an owner counts as asleep, so they run concurrently.
  it.concurrent('is taken at once from an owner whose process has ended', async () => {
    const [ended, alive] = [await makeFiles(), await makeFiles()];
    await lockAs(ended.files, await endedOwner());
    await lockAs(alive.files, newOwner());
    // Compared with a lock that must be waited for: the order proves it without a clock.
    const taken: string[] = [];
    const take = ({ files }: typeof ended, whose: string): Promise<void> =>
      withLock(files, async (lock) => {
        taken.push(whose);
        await lock.replaceRecord('new');
      });
    await Promise.all([take(alive, 'alive'), take(ended, 'ended')]);
    expect(taken).toEqual(['ended', 'alive']);
    expect(await entriesOf(ended.location)).toHaveLength(1);
  });

  it.concurrent('is taken after about a second from an owner that may be alive', async () => {
    const owners = [await ownerElsewhere(), newOwner(), 'a name of another kind'];
    const waits = await Promise.all(
      owners.map(async (owner) => {
        const { location, files } = await makeFiles();
        await lockAs(files, owner);
        const startMs = performance.now();
        await withLock(files, (lock) => lock.replaceRecord('new'));
        expect(await entriesOf(location)).toHaveLength(1);
        return performance.now() - startMs;
      }),
    );
    expect(Math.min(...waits)).toBeGreaterThan(900);
    // About a second, plus what a busy machine adds.
  });

  it.concurrent(
    'an owner that slept too long does not overwrite: it retries and sees what was stored',
    async () => {
      const { location, files } = await makeFiles();
      const [asleep, awake] = [makeBarrier(), makeBarrier()];
      const seen: string[] = [];
      const sleeper = withLock(files, async (lock) => {
        seen.push(await readFile(files.record, 'utf8').catch(() => 'nothing'));
        asleep.open();
        await awake.passed;
        await lock.replaceRecord('of the sleeper');
      });
      await asleep.passed;
      await withLock(files, (lock) => lock.replaceRecord('of another'));
      awake.open();
      await sleeper;
      expect(seen).toEqual(['nothing', 'of another']);
      expect(await readFile(files.record, 'utf8')).toBe('of the sleeper');
      expect(await entriesOf(location)).toHaveLength(1);
    },
  );

  it.concurrent('an owner that slept too long does not remove what was stored meanwhile', async () => {
    const { files } = await makeFiles();
    await withLock(files, (lock) => lock.replaceRecord('expired'));
    const [asleep, awake] = [makeBarrier(), makeBarrier()];
    const sleeper = withLock(files, async (lock) => {
      const isExpired = (await readFile(files.record, 'utf8')) === 'expired';
      asleep.open();
      await awake.passed;
      return isExpired && lock.removeRecord();
    });
    await asleep.passed;
    await withLock(files, (lock) => lock.replaceRecord('live'));
    awake.open();
    expect(await sleeper).toBe(false);
    expect(await readFile(files.record, 'utf8')).toBe('live');
  });

  it.concurrent('an owner that slept too long does not take the lock back from the next owner', async () => {
    const { files } = await makeFiles();
    const [asleep, awake, inside, done] = [makeBarrier(), makeBarrier(), makeBarrier(), makeBarrier()];
    const sleeper = withLock(files, async () => {
      asleep.open();
      await awake.passed;
    });
    await asleep.passed;
    const next = withLock(files, async (lock) => {
      inside.open();
      await done.passed;
      await lock.replaceRecord('of the next');
    });
    await inside.passed;
    const ownersBefore = await readdir(files.lock);
    awake.open();
    await sleeper;
    expect(await readdir(files.lock)).toEqual(ownersBefore);
    done.open();
    await next;
    expect(await readFile(files.record, 'utf8')).toBe('of the next');
  });

  it.concurrent('an owner that slept too long retries until an unconditional removal is done', async () => {
    const { location, files } = await makeFiles();
    await withLock(files, (lock) => lock.replaceRecord('old'));
    const [asleep, awake] = [makeBarrier(), makeBarrier()];
    const sleeper = withLock(files, async (lock) => {
      asleep.open();
      await awake.passed;
      return lock.removeRecord();
    });
    await asleep.passed;
    await withLock(files, (lock) => lock.replaceRecord('new'));
    awake.open();
    expect(await sleeper).toBe(true);
    expect(await entriesOf(location)).toEqual([]);
  });

  it('reports whether there was a record to remove', async () => {
    const { location, files } = await makeFiles();
    expect(await withLock(files, (lock) => lock.removeRecord())).toBe(false);
    await withLock(files, (lock) => lock.replaceRecord('record'));
    expect(await withLock(files, (lock) => lock.removeRecord())).toBe(true);
    expect(await entriesOf(location)).toEqual([]);
  });

  it('recreates its folder whenever needed', async () => {
    const { location, files } = await makeFiles();
    expect(dirname(files.record).startsWith(location)).toBe(true);
    for (let round = 0; round < 2; round++) {
      await withLock(files, (lock) => lock.replaceRecord('record'));
      await withLock(files, (lock) => lock.removeRecord());
    }
    expect(await entriesOf(location)).toEqual([]);
  });
});
