import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedServerFolder } from './server-folder.js';

const execute = promisify(execFile);

// With owners and modes, about which database servers are strict.
const copy = (from: string, to: string): Promise<unknown> => execute('cp', ['-a', from, to]);

/**
 * Prepares the empty data of a database server. What one server of a test run has prepared is copied for those after it,
 * which takes a small part of the time.
 *
 * @param data the folder for it, which is not there yet
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
  // In place in one step: whoever finds it finds all of it.
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
