import { MemcacheClient } from 'memcache-client';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/drivers/clock.js';
import { MemcachedDriver } from '../../lib/drivers/memcached/memcached.driver.js';
import { memcachedOptions } from '../../lib/options/memcached.options.js';
import { SessionConfigError } from '../../lib/session.errors.js';

const context = { clock: systemClock, storeTimeout: 1_000 };
const client = new MemcacheClient({ server: '127.0.0.1:1' });
const randomClient = new MemcacheClient({
  server: { servers: [{ server: '127.0.0.1:1' }, { server: '127.0.0.1:2' }] },
});
/** A client of the package memcached: the same names, with callbacks. */
const callbackClient = { HashRing: {}, gets: () => {}, add: () => {}, cas: () => {}, delete: () => {} };

function make(options: unknown): MemcachedDriver {
  // Options can also come from JavaScript and configuration files, which types do not check.
  return Reflect.construct(MemcachedDriver, [options, context]);
}

const wrong: [what: string, options: unknown, says: string[]][] = [
  ['nothing', undefined, [`The option 'memcached' got undefined`, '{ servers', '{ client }']],
  ['a text', 'a:1', [`The option 'memcached' got "a:1"`, '{ servers', '{ client }']],
  ['servers that are not there', { servers: undefined }, [`The option 'memcached.servers' got undefined`]],
  ['servers and a client', { servers: 'a:1', client }, [`The option 'memcached' got client and servers`]],
  ['an empty list', { servers: [] }, [`The option 'memcached.servers' got an empty list`]],
  ['an empty text', { servers: '' }, [`The option 'memcached.servers' got ""`, "'host:port'"]],
  ['a server without a host', { servers: [':11211'] }, [`The option 'memcached.servers' got ":11211"`]],
  ['a port beyond all', { servers: 'a:70000' }, [`The option 'memcached.servers' got "a:70000"`]],
  ['an address of IPv6', { servers: '[::1]:11211' }, [`The option 'memcached.servers' got "[::1]:11211"`]],
  ['a number as server', { servers: [11_211] }, [`The option 'memcached.servers' got 11211`]],
  ['a server named twice', { servers: 'a:11211,a' }, [`The option 'memcached.servers' got a:11211 twice`]],
  ['a prefix with a space', { servers: 'a:1', prefix: 'a b' }, [`The option 'memcached.prefix' got "a b"`]],
  ['a prefix that leaves no room', { servers: 'a:1', prefix: 'x'.repeat(151) }, ['memcached.prefix']],
  [
    'a limit that is no number',
    { servers: 'a:1', maxItemBytes: '2m' },
    [`The option 'memcached.maxItemBytes' got "2m"`],
  ],
  ['no client', { client: null }, [`The option 'memcached.client' got null`, 'memcache-client']],
  ['a client of memcached', { client: callbackClient }, ['memcached.client', 'the package "memcached"']],
  ['a Map as client', { client: new Map() }, [`The option 'memcached.client' got an object of Map`]],
  ['a client that picks at random', { client: randomClient }, ['memcached.client', 'memcached.servers']],
];

describe('the options of the memcached driver', () => {
  it.each(wrong)('refuse %s with a SessionConfigError that names it', (_what, options, says) => {
    const attempt = () => make(options);
    expect(attempt).toThrow(SessionConfigError);
    for (const text of says) expect(attempt).toThrow(text);
  });

  it.each([{}, { prefix: 'a:' }, { maxItemBytes: 2_097_152 }])('take the default server: %j', (options) => {
    // Also checks the type.
    const checked = memcachedOptions(options, 'memcached');
    expect(checked).toMatchObject({ ...options, servers: ['127.0.0.1:11211'], client: undefined });
  });

  it.each([
    ['a server', { servers: 'localhost:11211' }],
    ['a server without its port', { servers: '10.0.0.1' }],
    ['a url', { servers: 'memcached://cache.example.test:11211' }],
    ['a list', { servers: ['a:1', 'a:2'], prefix: '', maxItemBytes: 2_097_152 }],
    ['several in one text', { servers: 'a:1, a:2' }],
    ['a client', { client }],
  ])('take %s', (_what, options) => {
    expect(make(options)).toBeInstanceOf(MemcachedDriver);
  });
});
