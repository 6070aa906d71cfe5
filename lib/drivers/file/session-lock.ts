import { rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, hasCode, notEmptyCodes, renameIfThere, unless } from './file-system.js';
import { takeLock } from './lock-taking.js';
import type { SessionFiles } from './session-files.js';

const FILE_MODE = 0o600;

/** The lock was taken away while its owner was at work. Nothing of that work has come to pass. */
class LockLostError extends Error {}

/**
 * Does something while no other process changes the same session.
 *
 * The lock is a folder with one entry, the owner's workbench, and it is free when that folder is empty or missing.
 * It is taken by renaming a prepared folder to the lock's name: that succeeds over an empty folder only. Whatever the
 * owner does to the record is a rename out of, or into, its workbench. Who finds the owner gone takes the workbench
 * away, by its unique name. So an owner whose process was only paused finds no workbench left when it goes on: it can neither
 * overwrite what was stored meanwhile nor remove the lock of the next one. It starts anew.
 *
 * @throws SessionStoreError where the lock cannot be had for a long time
 */
export async function withLock<T>(files: SessionFiles, task: (lock: SessionLock) => Promise<T>): Promise<T> {
  for (;;) {
    const lock = new SessionLock(files, await takeLock(files));
    let result: T;
    try {
      result = await task(lock);
    } catch (error) {
      // Where the lock cannot be given back either, why the work failed is what is to be known.
      await lock.release().catch(() => undefined);
      if (!(error instanceof LockLostError)) throw error;
      continue;
    }
    await lock.release();
    return result;
  }
}

/** What the owner of a lock may do to the record. */
export class SessionLock {
  readonly #files: SessionFiles;
  readonly #workbench: string;

  constructor(files: SessionFiles, owner: string) {
    this.#files = files;
    this.#workbench = join(files.lock, owner);
  }

  /**
   * Puts a file in place of the record, all of it at once. Libraries for that write beside the record, where an owner
   * that has lost its lock could still put it in place.
   */
  async replaceRecord(content: string): Promise<void> {
    const next = join(this.#workbench, 'next');
    try {
      await writeFile(next, content, { flag: 'wx', mode: FILE_MODE });
      await rename(next, this.#files.record);
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? new LockLostError() : error;
    }
  }

  /** Removes the record. Returns false where there is none. */
  async removeRecord(): Promise<boolean> {
    const removed = join(this.#workbench, 'removed');
    if (!(await renameIfThere(this.#files.record, removed))) {
      // Either there is no record, or no workbench any more to move it to.
      if (!(await exists(this.#workbench))) throw new LockLostError();
      return false;
    }
    await unless(['ENOENT'], unlink(removed));
    return true;
  }

  /** Gives the lock back. Does nothing where it was taken away. */
  async release(): Promise<void> {
    try {
      await rmdir(this.#workbench);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      if (!hasCode(error, ...notEmptyCodes)) throw error;
      // Left by work that failed half-way.
      await rm(this.#workbench, { recursive: true, force: true });
    }
    await unless(['ENOENT', ...notEmptyCodes], rmdir(this.#files.lock));
  }
}
