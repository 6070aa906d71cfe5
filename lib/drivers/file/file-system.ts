import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { propertyOf } from '../../state/property-of.js';

/** The error codes for removing a folder into which others have put something. POSIX allows either. */
export const notEmptyCodes: readonly string[] = ['ENOTEMPTY', 'EEXIST'];

/** The mode of folders with sessions: only their owner has access. */
const FOLDER_MODE = 0o700;

/** The error codes for a lack of space, for everybody or for this user. */
export const noRoomCodes: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** Whether an error is a file system error with one of these codes (`ENOENT`, ...). */
export function hasCode(error: unknown, ...codes: readonly string[]): error is Error {
  const code = propertyOf(error, 'code');
  return error instanceof Error && codes.some((each) => each === code);
}

/** The result of a file operation, or undefined if it fails with one of the expected codes. */
export async function unless<T>(codes: readonly string[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
    return undefined;
  }
}

/** The names in a folder; none if there is no such folder, or a file instead that the driver did not create. */
export async function entriesOf(path: string): Promise<string[]> {
  return (await unless(['ENOENT', 'ENOTDIR'], readdir(path))) ?? [];
}

/** Whether there is a file or folder at a path. */
export async function exists(path: string): Promise<boolean> {
  return (await unless(['ENOENT'], stat(path))) !== undefined;
}

/** Renames a file. Returns false if the file or the target folder is missing. */
export async function renameIfThere(from: string, to: string): Promise<boolean> {
  const renamed = rename(from, to).then(() => true);
  return (await unless(['ENOENT'], renamed)) === true;
}

/**
 * Creates a folder and its missing parents, all accessible to their owner only.
 *
 * Node's own recursive `mkdir` fails with ENOENT if the disk is full, for the folder that it could not create
 * (https://github.com/nodejs/node/blob/main/src/node_file.cc, MKDirpAsync). Here the error is that of the
 * folder that failed.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    const above = dirname(path);
    if (!hasCode(error, 'ENOENT') || above === path) throw error;
    await makeFolders(above);
    await unless(['EEXIST'], mkdir(path, { mode: FOLDER_MODE }));
  }
}
