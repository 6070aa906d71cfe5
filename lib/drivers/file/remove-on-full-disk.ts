import { link, rm } from 'node:fs/promises';
import { exists, renameIfThere, unless } from './file-system.js';
import { newOwner, ownerOf, takeAway } from './lock-taking.js';
import type { SessionFiles } from './session-files.js';

/** Whether a file holds what should be removed. False if there is no file. */
export type IsMeant = (path: string) => Promise<boolean>;

/**
 * Removes a record on a disk without room for the folder that is the lock. Everything here is a rename, which
 * needs no space.
 *
 * The record is first renamed to a name that no other process knows. The owner of the lock may have read it
 * before that, and be about to write the next version: so the lock is taken away from it, and it starts over. A
 * record found afterwards was put there before that, and is checked like the first.
 *
 * @returns false if there was no such record
 */
export async function removeOnFullDisk(files: SessionFiles, isMeant: IsMeant): Promise<boolean> {
  let removed = false;
  while (await isMeant(files.record)) {
    const aside = files.temporary(newOwner());
    if (!(await renameIfThere(files.record, aside))) continue;
    const owner = await ownerOf(files);
    if (owner !== undefined) await takeAway(files, owner);
    removed = await isMeant(aside);
    // Another process replaced the record before it was moved. Put it back, unless there is a newer one.
    if (!removed) await unless(['EEXIST'], link(aside, files.record));
    await rm(aside, { force: true });
    if (removed && !(await exists(files.record))) return true;
  }
  return removed && !(await exists(files.record));
}
