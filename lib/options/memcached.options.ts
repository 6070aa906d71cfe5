import { type Check, hasFunctions, optionError, refused, shown } from './read-option.js';
import { is, refine, text, wholeNumber } from './checks.js';
import { type Settings, type Table, group } from './read-table.js';
import { isObject } from '../state/values.js';
import { propertyOf } from '../state/property-of.js';

/**
 * The part of a client that the driver uses; `MemcacheClient` of memcache-client 1 satisfies it.
 *
 * @example
 * const client: MemcachedClient = new MemcacheClient({ server: 'localhost:11211' });
 * const memcached: MemcachedDriverOptions = { client };
 */
export interface MemcachedClient {
  /** gets: the value with its CAS token, or undefined. */
  gets(key: string): Promise<{ readonly value: unknown; readonly casUniq: string | number } | undefined>;
  /** add: stores only if there is no value. `lifetime` in seconds. */
  add(key: string, value: string, options: { readonly lifetime: number }): Promise<unknown>;
  /** cas: stores only if the value is still the one the token was issued for. `lifetime` in seconds. */
  cas(
    key: string,
    value: string,
    options: { readonly lifetime: number; readonly casUniq: string | number },
  ): Promise<unknown>;
  /** delete. */
  delete(key: string): Promise<unknown>;
}

/**
 * The option `memcached`: `prefix` and `maxItemBytes`, and servers or a client.
 *
 * @example
 * memcached: { servers: ['10.0.0.1:11211', '10.0.0.2:11211'] }
 */
export type MemcachedDriverOptions = {
  /**
   * Prepended to the session id in each key: printable ASCII, no spaces, at most 150 characters.
   * Default `session:`.
   */
  prefix?: string;
  /** The largest item the servers accept, in bytes: their `-I` setting. Default 1048576. */
  maxItemBytes?: number;
} & (
  | {
      /**
       * `host:port`, or several, as a list or separated by commas; the port defaults to 11211. Each session
       * belongs to one server, chosen by consistent hashing. While a server is down, its sessions get a store
       * error; they are not looked up on other servers, which might hold older ones. Default `127.0.0.1:11211`.
       */
      servers?: string | readonly string[];
      client?: never;
    }
  | {
      /**
       * A `MemcacheClient` of the application, created for one server (with several, memcache-client picks at
       * random).
       */
      client: MemcachedClient;
      servers?: never;
    }
);

const DEFAULT_PORT = 11_211;
const serverForm = /^(?:memcached:\/\/)?([a-z0-9_.-]+)(?::(\d{1,5}))?\/?$/i;
const takesClient = 'a MemcacheClient of memcache-client: new MemcacheClient({ server })';

const isClient = (value: unknown): value is MemcachedClient =>
  isObject(value) && !('HashRing' in value) && hasFunctions(value, 'gets', 'add', 'cas', 'delete');

const client = refine(
  is(takesClient, isClient, (value) =>
    isObject(value) && 'HashRing' in value ? 'a client of the package "memcached"' : shown(value),
  ),
  (given, option) => {
    if (countServers(given) === 1) return given;
    throw optionError(
      option,
      'got one with several servers, among which it picks at random; it takes one with a single server, or name them in memcached.servers.',
    );
  },
);

/** Counts the servers in the options of a MemcacheClient: `{ server: { servers: [...] } }`. */
function countServers(given: object): number {
  const names = propertyOf(propertyOf(propertyOf(given, 'options'), 'server'), 'servers');
  return Array.isArray(names) ? names.length : 1;
}

const takesServers = "'host:port', or a list of them";

const server: Check<string> = (value, option) => {
  const [, host, port = DEFAULT_PORT] = (typeof value === 'string' && serverForm.exec(value.trim())) || [];
  const isAddress = host !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
  return isAddress ? `${host}:${port}` : refused(option, value, takesServers);
};

const servers: Check<readonly string[]> = (value, option) => {
  const list: unknown = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list) || list.length === 0) return refused(option, value, takesServers);
  const names = Array.from(list, (each: unknown) => server(each, option));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw optionError(option, `got ${twice} twice; it takes each server once.`);
  return names;
};

const table = {
  // A key has at most 250 bytes, so the prefix must leave room for an id of this package (43 characters) or a
  // hash.
  prefix: {
    default: 'session:',
    check: text('up to 150 characters of printable ASCII without spaces', /^[!-~]{0,150}$/),
  },
  /** Memcached's own default. */
  maxItemBytes: {
    default: 1_048_576,
    check: wholeNumber(1024, Infinity, 'a number of bytes from 1024 on'),
  },
  // Explicitly set to undefined, they do not fall back to a default.
  servers: { required: 'named', check: servers },
  client: { required: 'named', check: client },
} as const satisfies Table & Record<keyof MemcachedDriverOptions, unknown>;

const takes = "an object: either { servers: 'host:port' } or { client }";

/** The options; `servers` are `host:port` each, and empty if there is a client. */
export type MemcachedSettings = Settings<typeof table> & { readonly servers: readonly string[] };

export const memcachedOptions: Check<MemcachedSettings> = refine(group(table, { takes }), (given, option) => {
  if (given.client !== undefined && given.servers !== undefined)
    throw optionError(option, `got client and servers; it takes ${takes}.`);
  return {
    ...given,
    servers: given.servers ?? (given.client === undefined ? [`127.0.0.1:${DEFAULT_PORT}`] : []),
  };
});
