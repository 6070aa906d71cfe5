import { expect, inject } from 'vitest';
import { isLarge } from '../large-tests.js';
import type { SharedServer, SharedServerName } from './shared-servers.js';

/**
 * The URL of this run's shared servers.
 *
 * @throws Error in a unit test, which must not need servers
 */
export function sharedServersUrl(): string {
  const url = inject('sharedServersUrl');
  const { testPath = '' } = expect.getState();
  if (url !== undefined && isLarge(testPath)) return url;
  throw new Error('Unit tests start no servers. Name this spec file in test/large-tests.ts.');
}

/**
 * The one PostgreSQL, MariaDB, browser, shop, packed package or Nest CLI of this test run, created on first use. Test
 * files share it in parallel, each with its own database, browser contexts or visitors.
 *
 * @example
 * const { url } = await sharedServer('postgres');
 */
export async function sharedServer(name: SharedServerName): Promise<SharedServer> {
  const response = await fetch(`${sharedServersUrl()}/${name}`);
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`The shared ${name} did not start: ${JSON.stringify(body)}`);
  if (!isSharedServer(body)) throw new Error(`The shared ${name} has no address`);
  return body;
}

function isSharedServer(value: unknown): value is SharedServer {
  if (typeof value !== 'object' || value === null) return false;
  return 'url' in value && typeof value.url === 'string' && 'log' in value && typeof value.log === 'string';
}
