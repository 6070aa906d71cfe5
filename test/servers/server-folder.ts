import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratchFolder } from '../support/scratch-folder.js';

// Handed to the test processes through the environment.
const variable = 'SESSION_TEST_SERVERS_FOLDER';

/**
 * Lets every server that this test run starts, in whatever process, keep its data below one folder.
 *
 * @returns removes the folder, and with it what test processes left behind that were killed
 */
export function gatherServerFolders(): () => void {
  const folder = makeScratchFolder('session-test-');
  // Servers that run under accounts of their own have to pass through.
  chmodSync(folder, 0o755);
  process.env[variable] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The folder of this test run; undefined where a server is started outside of one. */
export function sharedServerFolder(): string | undefined {
  return process.env[variable];
}

/** A new, empty folder for one server. */
export function makeServerFolder(name: string): string {
  const shared = sharedServerFolder();
  return shared === undefined
    ? makeScratchFolder(`session-test-${name}-`)
    : mkdtempSync(join(shared, `session-test-${name}-`));
}
