import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { optionError } from '../../options/read-option.js';
import { hasCode, makeFolders } from './file-system.js';

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
    await makeFolders(location);
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
