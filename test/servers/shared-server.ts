import { inject } from 'vitest';
import { SharedServers, type SharedServer, type SharedServerName } from './shared-servers.js';

let ownServers: SharedServers | undefined;

/**
 * The one PostgreSQL, MariaDB, browser or shop of this test run, started when first asked for. Test files run in
 * parallel on it: each keeps to a database, to browser contexts, to visitors of its own.
 *
 * @example
 * const { url } = await sharedServer('postgres');
 */
export async function sharedServer(name: SharedServerName): Promise<SharedServer> {
  const address = inject('sharedServersUrl');
  if (address === undefined) {
    // Without the global set-up: one for this process, ended with it.
    ownServers ??= new SharedServers();
    return ownServers.get(name);
  }
  const response = await fetch(`${address}/${name}`);
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`The shared ${name} did not start: ${JSON.stringify(body)}`);
  if (!isSharedServer(body)) throw new Error(`The shared ${name} has no address`);
  return body;
}

function isSharedServer(value: unknown): value is SharedServer {
  if (typeof value !== 'object' || value === null) return false;
  return 'url' in value && typeof value.url === 'string' && 'log' in value && typeof value.log === 'string';
}
