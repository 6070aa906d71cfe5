import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './error-code.js';

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
    if (!hasCode(error, 'ENOENT')) throw error;
    await makeOneByOne(path, mode);
  }
}

async function makeOneByOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    const above = dirname(path);
    if (!hasCode(error, 'ENOENT') || above === path) throw error;
    await makeOneByOne(above, mode);
    await makeOneByOne(path, mode);
  }
}
