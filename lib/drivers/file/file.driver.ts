import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { type FileDriverOptions, fileOptions } from '../../options/file.options.js';
import type { RecordDriver, SessionRecord, UserRecords } from '../driver.js';
import { packRecord } from '../packed-record.js';
import { collectFiles } from './file-collector.js';
import { exists, hasCode, noRoomCodes } from './file-system.js';
import { KeyedQueue } from '../keyed-queue.js';
import { readRecord } from './record-file.js';
import { type IsMeant, removeOnFullDisk } from './remove-on-full-disk.js';
import { filesOf, filesOfName, type SessionFiles } from './session-files.js';
import { type SessionLock, withLock } from './session-lock.js';
import { makeStoreFolder } from './store-folder.js';
import { UserFiles } from './user-files.js';

type UserRecord = UserRecords['records'][number];

/** How many entries of a user are read at a time. */
const PAGE_SIZE = 200;
/** How many of them are read at once: more would occupy the file system threads that other requests need. */
const READ_AT_ONCE = 8;

/**
 * Keeps each session in its own file. Any number of processes may share the folder: only one at a time compares
 * and replaces a version, readers never see a partly written file, and what a killed process leaves behind
 * delays others by at most a second.
 *
 * A call accesses only the files of its session. Stored sessions survive the end of the process; they are not
 * forced onto the disk (no fsync, which would cost milliseconds per request), so a power failure may lose the
 * last seconds. A file that a power failure left unreadable counts as no session.
 *
 * @throws SessionConfigError if `location` is no path; when opened, if it cannot be a writable folder
 *
 * @example
 * SessionModule.forRoot({ secret, driver: 'file', file: { location: '/var/lib/shop/sessions' } })
 */
export class FileDriver implements RecordDriver {
  readonly #location: string;
  readonly #clock: Clock;
  readonly #users: UserFiles;
  /** Queues calls within one process, which would otherwise have to poll for the lock. */
  readonly #queue = new KeyedQueue();
  #isClosed = false;
  /** Settles when the collections under way have ended. */
  #collecting = Promise.resolve();

  constructor(options: FileDriverOptions = {}, clock: Clock = systemClock) {
    const { location } = fileOptions(options, 'file');
    this.#location = resolve(location);
    this.#users = new UserFiles(this.#location);
    this.#clock = clock;
  }

  /** Creates the folder. */
  async open(): Promise<void> {
    await makeStoreFolder(this.#location);
    this.#isClosed = false;
  }

  /** Stops a collection that is under way, and waits for its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#collecting;
  }

  async read(id: string): Promise<SessionRecord | null> {
    return this.#readLive(filesOf(this.#location, id).record);
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    const { version, userId } = record;
    // Packed at once: the caller may change the record afterwards.
    const content = packRecord(record);
    return this.#exclusively(filesOf(this.#location, id), async (lock, files) => {
      const kept = await this.#readLive(files.record);
      if ((kept?.version ?? 0) !== version - 1) return false;
      if (userId !== null && userId !== kept?.userId) await this.#users.add(userId, id);
      await lock.replaceRecord(content);
      return true;
    });
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#exclusively(filesOf(this.#location, id), async (lock, files) => {
      const kept = await this.#readLive(files.record);
      if (kept === null) return false;
      await lock.replaceRecord(packRecord({ ...kept, expiresAt }));
      return true;
    });
  }

  async destroy(id: string): Promise<void> {
    await this.#remove(filesOf(this.#location, id), exists);
  }

  async destroyVersion(id: string, version: number): Promise<boolean> {
    return this.#remove(filesOf(this.#location, id), async (path) => {
      const record = await this.#readLive(path);
      return record?.version === version;
    });
  }

  /** The cursor is the name of the last entry. */
  async listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    const { names, isLast } = await this.#users.page(userId, cursor ?? '', PAGE_SIZE);
    const records: UserRecord[] = [];
    for (let at = 0; at < names.length; at += READ_AT_ONCE) {
      const some = names.slice(at, at + READ_AT_ONCE).map((name) => this.#listed(userId, name));
      records.push(...(await Promise.all(some)).filter((record) => record !== null));
    }
    return { records, cursor: isLast ? null : (names.at(-1) ?? null) };
  }

  /**
   * Besides expired records, removes leftovers of killed processes, user entries without a record, and files
   * unreadable for a day.
   */
  collectGarbage(now: number, progressed?: () => void): Promise<number> {
    const collecting = collectFiles({
      location: this.#location,
      now,
      progressed,
      isStopped: () => this.#isClosed,
      remove: (files, isMeant) => this.#remove(files, isMeant),
    }).then(async (removed) => {
      await this.#collectUsers(progressed);
      return removed;
    });
    this.#collecting = Promise.allSettled([this.#collecting, collecting]).then(() => undefined);
    return collecting;
  }

  /** Removes user entries whose records are gone. */
  async #collectUsers(progressed?: () => void): Promise<void> {
    for await (const { folder, name } of this.#users.all()) {
      if (this.#isClosed) return;
      progressed?.();
      const files = filesOfName(this.#location, name);
      if (files === null || (await exists(files.record))) continue;
      // Checked again under the lock: the record may be about to be written.
      await this.#exclusively(files, async () => {
        if (!(await exists(files.record))) await rm(join(folder, name), { force: true });
      });
    }
  }

  /** The record that a user's entry stands for; null if it is gone, or belongs to another user by now. */
  async #listed(userId: string, name: string): Promise<UserRecord | null> {
    const id = await this.#users.idIn(userId, name);
    const record = id === null ? null : await this.read(id);
    return id === null || record?.userId !== userId ? null : { ...record, id };
  }

  async #readLive(path: string): Promise<SessionRecord | null> {
    const record = await readRecord(path);
    return record !== null && record.expiresAt > this.#clock.now() ? record : null;
  }

  /** Removes the record if `isMeant` approves, even on a full disk. Returns false if there is no such record. */
  #remove(files: SessionFiles, isMeant: IsMeant): Promise<boolean> {
    return this.#queue.run(files.record, async () => {
      try {
        return await withLock(files, async (lock) => (await isMeant(files.record)) && lock.removeRecord());
      } catch (error) {
        if (!hasCode(error, ...noRoomCodes)) throw error;
        return removeOnFullDisk(files, isMeant);
      }
    });
  }

  #exclusively<T>(
    files: SessionFiles,
    task: (lock: SessionLock, files: SessionFiles) => Promise<T>,
  ): Promise<T> {
    return this.#queue.run(files.record, () => withLock(files, (lock) => task(lock, files)));
  }
}
