import { readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../packed-record.js';
import { textHash } from '../text-hash.js';
import { entriesOf, makeFolders, notEmptyCodes, unless } from './file-system.js';

const FILE_MODE = 0o600;
const users = 'users';

/**
 * The lists of users' sessions: for each user a folder named by a hash of their id, and in it a file for each
 * session, named like its record and containing the session's id.
 *
 *     users/<first two letters>/<hash of the user>/<name of the record>
 *
 * An entry is created before its record, and removed when there is no such record, both while nobody else
 * changes that session. So a live record is always listed. An entry may be out of date, so readers check the
 * record.
 */
export class UserFiles {
  readonly #location: string;

  /** @param location the folder of the store */
  constructor(location: string) {
    this.#location = join(location, users);
  }

  async add(userId: string, id: string): Promise<void> {
    const folder = this.#folderOf(userId);
    const entry = join(folder, textHash(id));
    const make = (): Promise<void> => writeFile(entry, JSON.stringify(id), { mode: FILE_MODE });
    // An empty folder may be removed at any moment.
    while (
      (await unless(
        ['ENOENT'],
        make().then(() => true),
      )) === undefined
    ) {
      await makeFolders(folder);
    }
  }

  /** Up to `size` names of a user's entries after `after`, in order, and whether they are the last. */
  async page(userId: string, after: string, size: number): Promise<{ names: string[]; isLast: boolean }> {
    const names = (await unless(['ENOENT'], readdir(this.#folderOf(userId)))) ?? [];
    const rest = names.filter((name) => name > after).toSorted();
    return { names: rest.slice(0, size), isLast: rest.length <= size };
  }

  /** The id in an entry; null if the entry is gone or was only half written. */
  async idIn(userId: string, name: string): Promise<string | null> {
    const entry = join(this.#folderOf(userId), name);
    const id = parseJson((await unless(['ENOENT', 'EISDIR'], readFile(entry, 'utf8'))) ?? '');
    return typeof id === 'string' ? id : null;
  }

  /** All entries of all users. */
  async *all(): AsyncIterableIterator<{ folder: string; name: string }> {
    for (const shard of await entriesOf(this.#location)) {
      for (const user of await entriesOf(join(this.#location, shard))) {
        const folder = join(this.#location, shard, user);
        for (const name of await entriesOf(folder)) yield { folder, name };
        await unless(['ENOENT', 'ENOTDIR', ...notEmptyCodes], rmdir(folder));
      }
    }
  }

  #folderOf(userId: string): string {
    const hash = textHash(userId);
    return join(this.#location, hash.slice(0, 2), hash);
  }
}
