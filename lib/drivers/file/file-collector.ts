import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SessionStoreError } from '../../session.errors.js';
import { entriesOf, unless } from './file-system.js';
import { hasEnded, ownerOf, takeAway } from './lock-taking.js';
import { readExpiry, readRecord } from './record-file.js';
import type { IsMeant } from './remove-on-full-disk.js';
import { describeEntry, filesNamed, isShard, type SessionFiles } from './session-files.js';

/** Locks and temporary folders live for milliseconds. An owner that took longer comes to no harm. */
const ORPHANED_AFTER_MS = 60_000;
/** A file that this release cannot read may come from a newer release that is being rolled out. */
const UNREADABLE_KEPT_MS = 24 * 60 * 60 * 1_000;
/** Node runs file operations in four threads by default. One of them stays free for requests. */
const FILES_AT_ONCE = 3;

/** One garbage collection in a folder of sessions. */
interface Collection {
  readonly location: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** True stops the collection after the files in progress. */
  readonly isStopped: () => boolean;
  /** Called after each file. */
  readonly progressed?: (() => void) | undefined;
  /** Removes the record of a session if `isMeant` approves, while no other process changes it. */
  readonly remove: (files: SessionFiles, isMeant: IsMeant) => Promise<boolean>;
}

/**
 * Goes through the whole folder, a few files at a time, and removes expired records and leftovers of processes
 * that have ended.
 *
 * @returns how many expired records were removed
 * @throws SessionStoreError at the end, if files could not be read or removed
 */
export async function collectFiles(collection: Collection): Promise<number> {
  const entries = shardEntries(collection);
  const failures: unknown[] = [];
  let removed = 0;
  const collectNext = async (): Promise<void> => {
    // The workers share the entries: each entry goes to the worker that asks next.
    for await (const [folder, entry] of entries) {
      try {
        if (await collectEntry(collection, folder, entry)) removed++;
      } catch (error) {
        // One file that cannot be removed must not block the others.
        failures.push(error);
      }
      collection.progressed?.();
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, collectNext));
  if (failures.length > 0) {
    throw new SessionStoreError(`${failures.length} files of sessions could not be collected`, {
      cause: failures[0],
    });
  }
  return removed;
}

async function* shardEntries({
  location,
  isStopped,
}: Collection): AsyncIterableIterator<[folder: string, entry: string]> {
  for (const shard of ((await unless(['ENOENT'], readdir(location))) ?? []).filter(isShard)) {
    const folder = join(location, shard);
    for (const entry of await entriesOf(folder)) {
      if (isStopped()) return;
      yield [folder, entry];
    }
  }
}

/** Returns true if it removed an expired record. */
async function collectEntry(collection: Collection, folder: string, entry: string): Promise<boolean> {
  const described = describeEntry(entry);
  if (described === undefined) return false;
  const files = filesNamed(folder, described.name);
  if (described.kind === 'record') return collectRecord(collection, files);
  if (described.kind === 'lock') {
    const owner = await ownerOf(files);
    if (owner !== undefined && (await isOrphaned(join(files.lock, owner), owner, collection.now))) {
      await takeAway(files, owner);
      await ownerOf(files);
    }
    return false;
  }
  const path = join(folder, entry);
  if (await isOrphaned(path, described.owner, collection.now))
    await rm(path, { recursive: true, force: true });
  return false;
}

async function collectRecord({ now, remove }: Collection, files: SessionFiles): Promise<boolean> {
  const expiresAt = await readExpiry(files.record);
  if (expiresAt !== undefined && expiresAt > now) return false;
  let isExpired = false;
  const isRemoved = await remove(files, async (path) => {
    // Checked again: the record may have been renewed or rewritten before the lock was ours.
    const record = await readRecord(path);
    isExpired = record !== null && record.expiresAt <= now;
    return isExpired || (record === null && isOlder(path, UNREADABLE_KEPT_MS, now));
  });
  return isRemoved && isExpired;
}

async function isOrphaned(path: string, owner: string, now: number): Promise<boolean> {
  return hasEnded(owner) || isOlder(path, ORPHANED_AFTER_MS, now);
}

async function isOlder(path: string, ageMs: number, now: number): Promise<boolean> {
  const stats = await unless(['ENOENT'], stat(path));
  return stats !== undefined && now - stats.mtimeMs > ageMs;
}
