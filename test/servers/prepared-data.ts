import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedServerFolder } from './server-folder.js';

const execute = promisify(execFile);

// Preserves owners and modes, which database servers check strictly.
const copy = (from: string, to: string): Promise<unknown> => execute('cp', ['-a', from, to]);

/**
 * Prepares the initial data of a database server. The first server of a test run prepares it; later ones copy it, which
 * takes a fraction of the time.
 *
 * @param data the folder for it, which must not exist yet
 * @param make prepares it
 * @example
 * await prepareData('postgres', data, () => runProgram(initdb, ['-D', data], place));
 */
export async function prepareData(name: string, data: string, make: () => Promise<void>): Promise<void> {
  const folder = sharedServerFolder();
  const template = folder === undefined ? undefined : join(folder, `${name}-data`);
  if (template !== undefined && existsSync(template)) {
    await copy(template, data);
    return;
  }
  await make();
  if (template === undefined) return;
  // Renamed in one step, so that other processes find all of it or nothing.
  const halfDone = `${template}-${randomUUID()}`;
  try {
    await copy(data, halfDone);
    await rename(halfDone, template);
  } catch (error) {
    // Another test process was first.
    if (!existsSync(template)) throw error;
  } finally {
    await rm(halfDone, { recursive: true, force: true });
  }
}
