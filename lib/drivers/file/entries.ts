import { rename, stat } from 'node:fs/promises';
import { unless } from './error-code.js';

/** Whether there is a file or folder at a path. */
export async function exists(path: string): Promise<boolean> {
  return (await unless(['ENOENT'], stat(path))) !== undefined;
}

/** Renames a file. Returns false where it is missing, or the folder that it is to go into. */
export async function renameIfThere(from: string, to: string): Promise<boolean> {
  const renamed = rename(from, to).then(() => true);
  return (await unless(['ENOENT'], renamed)) === true;
}
