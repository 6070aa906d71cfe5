import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SessionStoreError } from '../../session.errors.js';
import { hasCode, makeFolders, notEmptyCodes, unless } from './file-system.js';
import type { SessionFiles } from './session-files.js';

/**
 * How long one owner may hold a lock while another waits. An owner needs it for milliseconds. A paused owner
 * comes to no harm, because it starts over, so this can be well below the time a request may wait for its store
 * (2 s).
 */
const ORPHANED_AFTER_MS = 1_000;
const GIVEN_UP_AFTER_MS = 10_000;
const LONGEST_DELAY_MS = 16;

/** Windows has no error code of its own for a folder that is not empty. */
const takenCodes =
  process.platform === 'win32' ? [...notEmptyCodes, 'EPERM', 'EACCES', 'EBUSY'] : notEmptyCodes;

/** The place where process ids are comparable, the process id, and a random part for each lock. */
const ownerPattern = /^(?<place>[0-9a-f]{16})-(?<pid>[1-9][0-9]*)-[0-9a-f]{16}$/;

/**
 * Identifies the machine and, on Linux, the container: containers of one machine may share its name, but not
 * their process ids.
 */
const ownPlace = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 16);

/**
 * Waits for a lock and takes it.
 *
 * @returns the name of its new owner
 * @throws SessionStoreError if others hold the lock for ten seconds
 */
export async function takeLock(files: SessionFiles): Promise<string> {
  const owner = newOwner();
  const prepared = files.temporary(owner);
  const prepare = (): Promise<void> => makeFolders(join(prepared, owner));
  const timeout = new LockTimeout();
  try {
    await prepare();
    for (;;) {
      try {
        await rename(prepared, files.lock);
        return owner;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) await prepare();
        else if (hasCode(error, ...takenCodes)) await makeWay(files, timeout);
        else throw error;
      }
    }
  } catch (error) {
    await rm(prepared, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** A unique name for the owner of one lock. It contains the process id. */
export function newOwner(): string {
  return `${ownPlace}-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/**
 * Whether the process in an owner's name has ended. False if that cannot be known: on another machine, in
 * another container, or with a name of another kind. It only saves waiting: if the process id was reused, the
 * lock is taken a second later.
 */
export function hasEnded(owner: string): boolean {
  const { place, pid } = ownerPattern.exec(owner)?.groups ?? {};
  return pid !== undefined && place === ownPlace && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs as another user.
    return !hasCode(error, 'ESRCH');
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/**
 * Takes a lock away from an owner, so that nothing the owner still does can reach the record. Safe at any
 * moment and for any number of processes at once.
 */
export async function takeAway(files: SessionFiles, owner: string): Promise<void> {
  const removed = files.temporary(newOwner());
  await unless(['ENOENT'], rename(join(files.lock, owner), removed));
  await rm(removed, { recursive: true, force: true });
}

/** The owner of the lock; undefined if it is free. Removes an empty lock. */
export async function ownerOf(files: SessionFiles): Promise<string | undefined> {
  const [owner] = (await unless(['ENOENT'], readdir(files.lock))) ?? [];
  if (owner === undefined) await unless(['ENOENT', ...notEmptyCodes], rmdir(files.lock));
  return owner;
}

async function makeWay(files: SessionFiles, timeout: LockTimeout): Promise<void> {
  const owner = await ownerOf(files);
  const isOrphaned = timeout.isOver(owner);
  if (owner !== undefined && (isOrphaned || hasEnded(owner))) await takeAway(files, owner);
  else await timeout.wait();
}

/**
 * Measures how long one waits. It counts only what it has observed, by the process's own running time: clocks
 * of machines differ, and the driver's clock may be stopped.
 */
class LockTimeout {
  readonly #sinceMs = performance.now();
  #owner: string | undefined;
  #ownerSinceMs = this.#sinceMs;
  #delayMs = 1;

  /**
   * Whether this owner has been seen with the lock for too long.
   *
   * @throws SessionStoreError if the wait itself took too long, whichever owners had the lock
   */
  isOver(owner: string | undefined): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#sinceMs > GIVEN_UP_AFTER_MS) {
      throw new SessionStoreError(
        `The file of a session was in use by others for ${GIVEN_UP_AFTER_MS / 1_000} seconds. ` +
          'Is the disk overloaded, or the folder on a file system that cannot rename folders?',
      );
    }
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.#ownerSinceMs = nowMs;
    }
    return nowMs - this.#ownerSinceMs >= ORPHANED_AFTER_MS;
  }

  async wait(): Promise<void> {
    // Random, so that waiting processes do not retry at the same moment again and again.
    await delay(this.#delayMs * (0.5 + Math.random() / 2));
    this.#delayMs = Math.min(2 * this.#delayMs, LONGEST_DELAY_MS);
  }
}
