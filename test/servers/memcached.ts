import { ask } from './ask.js';
import { externalUrl, requireProgram } from './ensure.js';
import { externalServer } from './external-server.js';
import { startServer, type TestServer } from './test-server.js';

export interface StartMemcachedOptions {
  /** Further arguments, such as `['-I', '2m']`. */
  readonly args?: readonly string[];
}

/** Starts memcached, or uses the one of `SESSION_TEST_MEMCACHED_URL`. Its data is lost when it ends. */
export async function startMemcached(options: StartMemcachedOptions = {}): Promise<TestServer> {
  const external = externalUrl('memcached');
  if (external !== undefined) return externalServer('memcached', external, 11_211);
  return startMemcachedProcess(options);
}

/** The same, but never the server of the environment: for tests with several servers. */
export async function startMemcachedProcess({ args = [] }: StartMemcachedOptions = {}): Promise<TestServer> {
  return startServer({
    name: 'memcached',
    program: requireProgram('memcached'),
    // 2 threads: leave the rest of the machine to the tests.
    args: (place) => ['-l', place.host, '-p', String(place.port), '-U', '0', '-t', '2', '-m', '64', ...args],
    url: (place) => `memcached://${place.host}:${place.port}`,
    probe: (place) => ask(place.host, place.port, 'version', 'VERSION'),
    account: 'nobody',
  });
}
