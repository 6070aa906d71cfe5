import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What removing a folder answers where others have put something into it. POSIX allows either. */
export const notEmptyCodes: readonly string[] = ['ENOTEMPTY', 'EEXIST'];

/** What a file system answers that has no room left, for anybody or for this user. */
export const noRoomCodes: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** Whether an error is one of the file system's, with one of these codes (`ENOENT`, ...). */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

/** The result of a file operation, or undefined where it fails with one of the codes that were to be expected. */
export async function unless<T>(codes: readonly string[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
    return undefined;
  }
}

/** Whether there is a file or folder at a path. */
export async function exists(path: string): Promise<boolean> {
  return (await unless(['ENOENT'], stat(path))) !== undefined;
}

/** Renames a file. Returns false where it is missing, or the folder that it is to go into. */
export async function renameIfThere(from: string, to: string): Promise<boolean> {
  const renamed = rename(from, to).then(() => true);
  return (await unless(['ENOENT'], renamed)) === true;
}

/**
 * Makes a folder and those above it that are missing.
 *
 * Node's own `mkdir` does that too, but where the disk is full it fails with ENOENT, for the folder that it could not make
 * (https://github.com/nodejs/node/blob/main/src/node_file.cc, MKDirpAsync). Here the error is the one of the folder that failed.
 *
 * @param mode of those that are made
 */
export async function makeFolders(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (error) {
    const above = dirname(path);
    if (!hasCode(error, 'ENOENT') || above === path) throw error;
    await makeFolders(above, mode);
    await unless(['EEXIST'], mkdir(path, { mode }));
  }
}
