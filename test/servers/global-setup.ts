import type { TestProject } from 'vitest/node';
import { gatherServerFolders } from './server-folder.js';
import { SharedServers, serveSharedServers } from './shared-servers.js';

/** Lets the test files of one run share the servers that take seconds to start; see `sharedServer`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
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
