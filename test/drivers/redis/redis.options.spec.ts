import { Cluster, Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import { RedisDriver } from '../../../lib/drivers/redis/redis.driver.js';
import { SessionConfigError } from '../../../lib/session.errors.js';

const context = { clock: systemClock, storeTimeout: 1_000 };

/** What node-redis 5 looks like: the same commands in another spelling. */
const nodeRedisClient = {
  isOpen: true,
  get: async () => null,
  del: async () => 0,
  eval: async () => null,
  evalSha: async () => null,
};

const unconnected = { lazyConnect: true };
const replicaCluster = new Cluster(['redis://127.0.0.1:1'], { ...unconnected, scaleReads: 'slave' });
const masterCluster = new Cluster(['redis://127.0.0.1:1'], unconnected);
const redis = new Redis(unconnected);

afterAll(() => {
  for (const client of [replicaCluster, masterCluster, redis]) client.disconnect();
});

function make(options: unknown): RedisDriver {
  // Options come from JavaScript and from configuration files too: types do not check those.
  return Reflect.construct(RedisDriver, [options, context]);
}

const wrong: [what: string, options: unknown, says: string[]][] = [
  ['nothing', undefined, [`Option 'redis' got undefined`, '{ client }', '{ url }']],
  ['a text', 'redis://127.0.0.1', [`Option 'redis' got a string`]],
  ['no address', { prefix: 'a' }, [`Option 'redis' got nothing`, '{ host, port }']],
  ['no address among others', { password: 'p' }, [`Option 'redis' got password`]],
  ['no client', { client: undefined }, [`Option 'redis.client' got undefined`, 'ioredis 5']],
  ['a client of node-redis', { client: nodeRedisClient }, ['redis.client', 'node-redis', 'ioredis 5']],
  ['a Map as client', { client: new Map() }, [`Option 'redis.client' got an object of Map`]],
  [
    'a Cluster that reads from replicas',
    { client: replicaCluster },
    ['redis.client', "scaleReads: 'master'"],
  ],
  [
    'a client and an address',
    { client: redis, host: 'a', port: 1 },
    [`Option 'redis' got client and host, port`],
  ],
  ['a url of another kind', { url: 'http://user:secret@a' }, ['redis.url', 'redis://host:port']],
  ['a url that is not there', { url: undefined }, [`Option 'redis.url' got undefined`]],
  ['a prefix that is no text', { host: 'a', prefix: 7 }, [`Option 'redis.prefix' got a number`]],
  ['what the driver decides', { host: 'a', enableOfflineQueue: true }, ['redis.enableOfflineQueue']],
];

describe('the options of the redis driver', () => {
  it.each(wrong)('refuse %s with a SessionConfigError that names it', (_what, options, says) => {
    const attempt = () => make(options);
    expect(attempt).toThrow(SessionConfigError);
    for (const text of says) expect(attempt).toThrow(text);
    expect(attempt).not.toThrow('secret');
  });

  it.each([
    ['a Redis', { client: redis }],
    ['a Cluster', { client: masterCluster }],
    ['a url', { url: 'redis://127.0.0.1:1' }],
    ['a url with TLS', { url: 'rediss://127.0.0.1:1' }],
    ['a host and a port', { host: '127.0.0.1', port: 1 }],
    ['a socket', { path: '/tmp/redis.sock' }],
    ['sentinels', { sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'main' }],
  ])('take %s', (_what, options) => {
    expect(make(options)).toBeInstanceOf(RedisDriver);
  });
});
