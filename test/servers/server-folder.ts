import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratchFolder } from '../support/scratch-folder.js';

// Passed to the test processes through the environment.
const variable = 'SESSION_TEST_SERVERS_FOLDER';

/**
 * Makes all servers of this test run, in any process, store their data below one folder.
 *
 * @returns a function that removes the folder, with whatever killed test processes left behind
 */
export function gatherServerFolders(): () => void {
  const folder = makeScratchFolder('session-test-');
  // Servers running under other accounts need access.
  chmodSync(folder, 0o755);
  process.env[variable] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The folder of this test run; undefined for a server started outside of one. */
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
