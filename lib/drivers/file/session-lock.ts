import { rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, hasCode, notEmptyCodes, renameIfThere, unless } from './file-system.js';
import { takeLock } from './lock-taking.js';
import type { SessionFiles } from './session-files.js';

const FILE_MODE = 0o600;

/** The lock was taken away while its owner was working. None of that work took effect. */
class LockLostError extends Error {}

/**
 * Runs a task while no other process changes the same session.
 *
 * The lock is a folder with one entry, the owner's workbench; it is free when that folder is empty or missing.
 * A process takes it by renaming a prepared folder to the lock's name, which succeeds over an empty folder
 * only. Every change to the record is a rename out of or into the workbench. A process that finds the owner
 * gone takes the workbench away, by its unique name. An owner whose process was only paused then finds no
 * workbench when it resumes: it can neither overwrite what was stored meanwhile nor remove the next owner's
 * lock. It starts over.
 *
 * @throws SessionStoreError if the lock stays taken for a long time
 */
export async function withLock<T>(files: SessionFiles, task: (lock: SessionLock) => Promise<T>): Promise<T> {
  for (;;) {
    const lock = new SessionLock(files, await takeLock(files));
    let result: T;
    try {
      result = await task(lock);
    } catch (error) {
      // If the lock cannot be released either, the error of the task is the one to report.
      await lock.release().catch(() => undefined);
      if (!(error instanceof LockLostError)) throw error;
      continue;
    }
    await lock.release();
    return result;
  }
}

/** What the owner of a lock can do to the record. */
export class SessionLock {
  readonly #files: SessionFiles;
  readonly #workbench: string;

  constructor(files: SessionFiles, owner: string) {
    this.#files = files;
    this.#workbench = join(files.lock, owner);
  }

  /**
   * Replaces the record with a new file atomically. Libraries for that write beside the record, where an owner
   * that has lost its lock could still move the file into place.
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

  /** Removes the record. Returns false if there is none. */
  async removeRecord(): Promise<boolean> {
    const removed = join(this.#workbench, 'removed');
    if (!(await renameIfThere(this.#files.record, removed))) {
      // Either there is no record, or the workbench to move it to is gone.
      if (!(await exists(this.#workbench))) throw new LockLostError();
      return false;
    }
    await unless(['ENOENT'], unlink(removed));
    return true;
  }

  /** Releases the lock. Does nothing if it was taken away. */
  async release(): Promise<void> {
    try {
      await rmdir(this.#workbench);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      if (!hasCode(error, ...notEmptyCodes)) throw error;
      // Left by work that failed halfway.
      await rm(this.#workbench, { recursive: true, force: true });
    }
    await unless(['ENOENT', ...notEmptyCodes], rmdir(this.#files.lock));
  }
}
