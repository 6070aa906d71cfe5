import { Cluster, Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { RedisDriver } from '../../lib/drivers/redis/redis.driver.js';
import { SessionConfigError } from '../../lib/session.errors.js';

const context = { clock: systemClock, storeTimeout: 1_000 };

/** A client of node-redis 5: the same commands with other names. */
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
  // Options can also come from JavaScript and configuration files, which types do not check.
  return Reflect.construct(RedisDriver, [options, context]);
}

const isNoUrl = "The option 'redis.url' got a text that is no URL";

const wrong: [what: string, options: unknown, says: string[]][] = [
  ['nothing', undefined, [`The option 'redis' got undefined`, '{ client }', '{ url }']],
  ['a text', 'redis://127.0.0.1', [`The option 'redis' got a text`]],
  ['no options', {}, [`The option 'redis' got nothing`, '{ host, port }']],
  ['no address', { prefix: 'a' }, [`The option 'redis' got prefix;`, '{ host, port }']],
  ['no address among others', { password: 'p' }, [`The option 'redis' got password`]],
  [
    'no client',
    { client: undefined },
    [`The option 'redis.client' got undefined`, 'of ioredis: new Redis(...)'],
  ],
  [
    'a client of node-redis',
    { client: nodeRedisClient },
    ['redis.client', 'node-redis', 'of ioredis: new Redis(...)'],
  ],
  ['a Map as client', { client: new Map() }, [`The option 'redis.client' got an object of Map`]],
  [
    'a Cluster that reads from replicas',
    { client: replicaCluster },
    ['redis.client', "scaleReads: 'master'"],
  ],
  [
    'a client and an address',
    { client: redis, host: 'a', port: 1 },
    [`The option 'redis' got client and host, port`],
  ],
  ['a url of another kind', { url: 'http://user:secret@a' }, ['redis.url', 'redis://host:port']],
  ['a url that is not there', { url: undefined }, [`The option 'redis.url' got undefined`]],
  ['a prefix that is no text', { host: 'a', prefix: 7 }, [`The option 'redis.prefix' got 7`]],
  ['what the driver decides', { host: 'a', enableOfflineQueue: true }, ['redis.enableOfflineQueue']],
  [
    'what the driver decides, in a url',
    { url: 'redis://a?maxRetriesPerRequest=5' },
    ['redis.url?maxRetriesPerRequest'],
  ],
  ['a url whose port is too high', { url: 'redis://:secret@a:99999' }, [isNoUrl]],
  ['a url whose port is a word', { url: 'redis://:secret@a:undefined' }, [isNoUrl]],
  ['a url whose port is 0', { url: 'redis://:secret@a:0' }, [`The option 'redis.url' got a URL with port 0`]],
  ['a url with half an address of IPv6', { url: 'redis://:secret@[::1' }, [isNoUrl]],
  ['a url with a slash in its password', { url: 'redis://:sec/ret@a' }, [isNoUrl, '%2F']],
  [
    'a url with a password that cannot be decoded',
    { url: 'redis://:secret%ZZ@a' },
    [`The option 'redis.url' got a URL whose user or password cannot be decoded`, '%25'],
  ],
  ...['/notadb', '/-1', '/1.5', '/2/', '//', '/0x1', '/99999999999999999999'].map(
    (path): [string, unknown, string[]] => [
      `a url with the path ${path}`,
      { url: `redis://:secret@a${path}` },
      [`The option 'redis.url' got a URL whose path is no number`, 'redis://host:port/0'],
    ],
  ),
  ['a database in a query', { url: 'redis://a?db=x' }, [`The option 'redis.url?db' got a text`]],
  ...['x', '', ' 6379', '6379x', 0, -1, 65_536, 99_999, 1.5, Number.NaN, null, true].map(
    (port): [string, unknown, string[]] => [
      `the port ${JSON.stringify(port)}`,
      { host: 'a', port },
      [`The option 'redis.port' got `, 'a whole number from 1 to 65535'],
    ],
  ),
  ...[5, '', null, {}].map((host): [string, unknown, string[]] => [
    `the host ${JSON.stringify(host)}`,
    { host },
    [`The option 'redis.host' got `, 'the name or address of a host'],
  ]),
  ...['x', '', '-1', -1, 1.5, Number.NaN, Infinity, null].map((db): [string, unknown, string[]] => [
    `the database ${String(db)}`,
    { host: 'a', db },
    [`The option 'redis.db' got `, 'the number of a database, from 0 on'],
  ]),
  ['a socket that is no text', { path: 5 }, [`The option 'redis.path' got 5`]],
  ['sentinels that are no list', { sentinels: 'a:1', name: 'main' }, [`'redis.sentinels' got a text`]],
  ['no sentinel at all', { sentinels: [], name: 'main' }, [`'redis.sentinels' got an empty list`]],
  ['a sentinel that is a text', { sentinels: ['a:1'], name: 'main' }, [`'redis.sentinels[0]' got a text`]],
  [
    'a sentinel with a wrong port',
    { sentinels: [{ host: 'a' }, { host: 'a', port: 'x' }], name: 'main' },
    [`'redis.sentinels[1].port' got a text`],
  ],
  ['sentinels of a nameless master', { sentinels: [{ host: 'a' }] }, [`'redis.name' got undefined`]],
];

describe('the options of the redis driver', () => {
  it.each(wrong)('refuse %s with a SessionConfigError that names it', (_what, options, says) => {
    const attempt = () => make(options);
    expect(attempt).toThrow(SessionConfigError);
    for (const text of says) expect(attempt).toThrow(text);
    expect(attempt).not.toThrow('secret');
    expect(attempt).not.toThrow(expect.objectContaining({ cause: expect.anything() }));
  });

  it.each([
    ['a Redis', { client: redis }],
    ['a Cluster', { client: masterCluster }],
    ['a url', { url: 'redis://127.0.0.1:1' }],
    ['a url with TLS', { url: 'rediss://127.0.0.1:1' }],
    ['a url with an address of IPv6', { url: 'redis://[::1]:6379' }],
    ['a url with a database', { url: 'redis://127.0.0.1:1/15' }],
    ['a url with all there is', { url: 'rediss://me:p%40ss%25@a.example.test:1/0?family=6' }],
    [
      'a url from the getter of a class',
      new (class {
        get url() {
          return 'redis://127.0.0.1:1';
        }
      })(),
    ],
    ['a host and a port', { host: '127.0.0.1', port: 1 }],
    ['numbers as text, as the environment has them', { host: 'a', port: '6379', db: '2' }],
    ['what is left undefined', { host: 'a', port: undefined, db: undefined, path: undefined }],
    ['a socket', { path: '/tmp/redis.sock' }],
    ['sentinels', { sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'main' }],
  ])('take %s', (_what, options) => {
    expect(make(options)).toBeInstanceOf(RedisDriver);
  });
});
