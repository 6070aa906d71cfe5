import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { optionError } from '../../options/read-option.js';
import { hasCode } from './file-system.js';

const FOLDER_MODE = 0o700;
const needs = constants.R_OK | constants.W_OK | constants.X_OK;

/** What the file system answers where the path is the mistake, and not the state of the disk. */
const wrongPathCodes = ['EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP'];

/**
 * Makes the folder of the store for its owner alone. One that is there already is left as it is.
 *
 * @throws SessionConfigError where the path cannot be a folder to write to
 */
export async function makeStoreFolder(location: string): Promise<void> {
  try {
    // The folders above it belong to the application: they get the usual mode.
    await mkdir(dirname(location), { recursive: true });
    await makeFolder(location);
    await access(location, needs);
  } catch (error) {
    if (!hasCode(error, ...wrongPathCodes)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw optionError(
      'file.location',
      `got ${location}; it takes a folder that this process can write to. The file system says: ${reason}.`,
      error,
    );
  }
}

async function makeFolder(location: string): Promise<void> {
  try {
    await mkdir(location, { mode: FOLDER_MODE });
  } catch (error) {
    if (!hasCode(error, 'EEXIST') || !(await stat(location)).isDirectory()) throw error;
  }
}
