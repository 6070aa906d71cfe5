import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SessionStoreError } from '../../session.errors.js';
import { unless } from './error-code.js';
import { hasEnded } from './lock-owner.js';
import { ownerOf, takeAway } from './lock-taking.js';
import { readExpiry, readRecord } from './record-file.js';
import type { IsMeant } from './removal-without-room.js';
import { describeEntry, filesNamed, isShard, type SessionFiles } from './session-files.js';

/** Locks and temporary folders live for milliseconds. Their owner comes to no harm where one took longer. */
const abandonedAfterMs = 60_000;
/** A file that is unreadable to us may be one of a newer release that is just being rolled out. */
const unreadableKeptMs = 24 * 60 * 60 * 1_000;
/** Node does file operations in four threads unless told otherwise. One of them stays free for requests. */
const filesAtOnce = 3;

/** Removes the record of a session if it is meant, while nobody else changes it. */
type Remove = (files: SessionFiles, isMeant: IsMeant) => Promise<boolean>;

/** Goes through the whole folder, a few files at a time, and removes what has ended. */
export class FileCollector {
  readonly #location: string;
  readonly #remove: Remove;
  readonly #running = new Set<Promise<number>>();
  #stopped = false;

  constructor(location: string, remove: Remove) {
    this.#location = location;
    this.#remove = remove;
  }

  /** Allows collections, again. */
  start(): void {
    this.#stopped = false;
  }

  /** Ends the collections under way after the files they are at. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#running);
  }

  /**
   * Removes expired records, and what processes left that are gone.
   *
   * @param now epoch milliseconds
   * @returns how many expired records were removed
   * @throws SessionStoreError, after all the others are done, where files could not be read or removed
   */
  async collect(now: number): Promise<number> {
    const collecting = this.#collectAll(now);
    this.#running.add(collecting);
    try {
      return await collecting;
    } finally {
      this.#running.delete(collecting);
    }
  }

  async #collectAll(now: number): Promise<number> {
    const entries = this.#entries();
    const failures: unknown[] = [];
    let removed = 0;
    const collectNext = async (): Promise<void> => {
      // The entries are shared: each goes to whoever asks next.
      for await (const [folder, entry] of entries) {
        try {
          if (await this.#collectEntry(folder, entry, now)) removed++;
        } catch (error) {
          // One file that cannot be removed must not keep all the others.
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: filesAtOnce }, collectNext));
    if (failures.length > 0) {
      throw new SessionStoreError(`${failures.length} files of sessions could not be collected`, {
        cause: failures[0],
      });
    }
    return removed;
  }

  async *#entries(): AsyncIterableIterator<[folder: string, entry: string]> {
    const shards = (await unless(['ENOENT'], readdir(this.#location))) ?? [];
    for (const shard of shards.filter(isShard)) {
      const folder = join(this.#location, shard);
      for (const entry of (await unless(['ENOENT', 'ENOTDIR'], readdir(folder))) ?? []) {
        if (this.#stopped) return;
        yield [folder, entry];
      }
    }
  }

  /** Returns true where that removed an expired record. */
  async #collectEntry(folder: string, entry: string, now: number): Promise<boolean> {
    const described = describeEntry(entry);
    if (described === undefined) return false;
    const files = filesNamed(folder, described.name);
    if (described.kind === 'record') return this.#collectRecord(files, now);
    if (described.kind === 'lock') {
      const owner = await ownerOf(files);
      if (owner !== undefined && (await isAbandoned(join(files.lock, owner), owner, now))) {
        await takeAway(files, owner);
        await ownerOf(files);
      }
      return false;
    }
    const path = join(folder, entry);
    if (await isAbandoned(path, described.owner, now)) await rm(path, { recursive: true, force: true });
    return false;
  }

  async #collectRecord(files: SessionFiles, now: number): Promise<boolean> {
    const expiresAt = await readExpiry(files.record);
    if (expiresAt !== undefined && expiresAt > now) return false;
    let isExpired = false;
    const isRemoved = await this.#remove(files, async (path) => {
      // Looked at again: until the lock was ours it may have been prolonged, or written anew.
      const record = await readRecord(path);
      isExpired = record !== null && record.expiresAt <= now;
      return isExpired || (record === null && isOlder(path, unreadableKeptMs, now));
    });
    return isRemoved && isExpired;
  }
}

async function isAbandoned(path: string, owner: string, now: number): Promise<boolean> {
  return (await hasEnded(owner)) || isOlder(path, abandonedAfterMs, now);
}

async function isOlder(path: string, ageMs: number, now: number): Promise<boolean> {
  const stats = await unless(['ENOENT'], stat(path));
  return stats !== undefined && now - stats.mtimeMs > ageMs;
}
