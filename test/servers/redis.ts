import { ask } from './ask.js';
import { externalUrl, requireProgram } from './ensure.js';
import { externalServer } from './external-server.js';
import { startServer, type TestServer } from './test-server.js';

export interface StartRedisOptions {
  /** Further settings as in redis.conf, such as `{ maxmemory: '50mb' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A given port; a free one by default. */
  readonly port?: number;
}

/**
 * Starts Redis (or Valkey), or uses the one of `SESSION_TEST_REDIS_URL`. Its data survives `kill` and `restart`: each
 * write is in the append-only file before it is answered.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<TestServer> {
  const external = externalUrl('redis');
  if (external !== undefined) return externalServer('redis', external, 6379);
  return startRedisProcess(options);
}

/** The same, but never the server of the environment. */
export async function startRedisProcess({
  settings = {},
  port,
}: StartRedisOptions = {}): Promise<TestServer> {
  const all = { save: '', appendonly: 'yes', appendfsync: 'no', 'protected-mode': 'no', ...settings };
  return startServer({
    name: 'redis',
    program: requireProgram('redis-server', 'valkey-server'),
    args: (place) => [
      '--port',
      String(place.port),
      '--bind',
      place.host,
      '--dir',
      place.folder,
      ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    url: (place) => `redis://${place.host}:${place.port}`,
    probe: (place) => ask(place.host, place.port, 'PING', '+PONG'),
    ...(port === undefined ? {} : { port }),
  });
}
