import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { optionError } from '../../options/read-option.js';
import { hasCode } from './file-system.js';

const FOLDER_MODE = 0o700;
const needs = constants.R_OK | constants.W_OK | constants.X_OK;

/** The error codes for a wrong path, as opposed to a problem of the disk. */
const wrongPathCodes = ['EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP'];

/**
 * Creates the folder of the store, accessible to its owner only. An existing folder is left unchanged.
 *
 * @throws SessionConfigError if the path cannot be a writable folder
 */
export async function makeStoreFolder(location: string): Promise<void> {
  try {
    // Its parents belong to the application: they get the usual mode.
    await mkdir(dirname(location), { recursive: true });
    await makeFolder(location);
    await access(location, needs);
  } catch (error) {
    if (!hasCode(error, ...wrongPathCodes)) throw error;
    throw optionError(
      'file.location',
      `got ${location}; it takes a folder that this process can write to. The file system says: ${error.message}.`,
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
