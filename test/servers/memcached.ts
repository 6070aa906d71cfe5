import { ask } from './ask.js';
import { externalUrl, requireProgram } from './ensure.js';
import { externalServer } from './external-server.js';
import { startServer, type TestServer } from './test-server.js';

export interface StartMemcachedOptions {
  /** Further arguments, e.g. `['-I', '2m']`. */
  readonly args?: readonly string[];
}

/** Starts memcached, or takes the one of `SESSION_TEST_MEMCACHED_URL`. It forgets everything when it ends. */
export async function startMemcached(options: StartMemcachedOptions = {}): Promise<TestServer> {
  const external = externalUrl('memcached');
  if (external !== undefined) return externalServer('memcached', external, 11_211);
  return startMemcachedProcess(options);
}

/** The same, but never the server of the environment: for tests with several of them. */
export async function startMemcachedProcess({ args = [] }: StartMemcachedOptions = {}): Promise<TestServer> {
  return startServer({
    name: 'memcached',
    program: requireProgram('memcached'),
    // 2 threads: the machine belongs to the tests.
    args: (place) => ['-l', place.host, '-p', String(place.port), '-U', '0', '-t', '2', '-m', '64', ...args],
    url: (place) => `memcached://${place.host}:${place.port}`,
    probe: (place) => ask(place.host, place.port, 'version', 'VERSION'),
    account: 'nobody',
  });
}
