import { argv } from 'node:process';
import type { TestProject } from 'vitest/node';
import { ensureAll } from './ensure.js';
import { gatherServerFolders } from './server-folder.js';
import { SharedServers, serveSharedServers } from './shared-servers.js';

/** A run of selected files installs only what they need, when they need it. */
function runsEverything(): boolean {
  return argv.slice(2).every((argument) => argument.startsWith('-') || argument === 'run');
}

/**
 * Ensures the servers and the browser in full runs, and lets the test files of one run share the servers that take
 * seconds to start; see `sharedServer`.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (runsEverything()) ensureAll();
  const removeFolders = gatherServerFolders();
  const servers = new SharedServers();
  const { url, server } = await serveSharedServers(servers);
  project.provide('sharedServersUrl', url);
  return async () => {
    server.close();
    server.closeAllConnections();
    await servers.close();
    removeFolders();
  };
}
