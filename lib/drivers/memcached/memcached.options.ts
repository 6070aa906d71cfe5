import { SessionConfigError } from '../../session.errors.js';
import { plainPrefix } from './memcached.key.js';

/** What the driver needs of a client; `MemcacheClient` of memcache-client 1 has it. */
export interface MemcachedClient {
  /** gets: the value with its CAS token; undefined where there is none. */
  gets(key: string): Promise<{ readonly value: unknown; readonly casUniq: string | number } | undefined>;
  /** add: stores only where there is nothing. `lifetime` in seconds. */
  add(key: string, value: string, options: { readonly lifetime: number }): Promise<unknown>;
  /** cas: stores only in place of what the token stands for. `lifetime` in seconds. */
  cas(
    key: string,
    value: string,
    options: { readonly lifetime: number; readonly casUniq: string | number },
  ): Promise<unknown>;
  /** delete. */
  delete(key: string): Promise<unknown>;
}

/**
 * What stands under `memcached` in the options: `prefix` and `maxItemBytes`, and servers or a client.
 *
 * @example
 * memcached: { servers: ['10.0.0.1:11211', '10.0.0.2:11211'] }
 */
export type MemcachedDriverOptions = {
  /** Comes before the session id in each key: printable ASCII, no spaces, at most 150 characters. Default `session:`. */
  prefix?: string;
  /** The largest item that the servers take, in bytes: what they were started with as `-I`. Default 1048576. */
  maxItemBytes?: number;
} & (
  | {
      /**
       * `host:port`, or several, as a list or separated by commas; 11211 where the port is left out. Each session
       * belongs to one of them, found by consistent hashing. A server that is away takes its sessions with it: they
       * are answered with the error of the store, and not looked for elsewhere, where older ones might be found.
       * Default `127.0.0.1:11211`.
       */
      servers?: string | readonly string[];
      client?: never;
    }
  | {
      /** A `MemcacheClient` of the application, made for one server (memcache-client picks among several at random). */
      client: MemcachedClient;
      servers?: never;
    }
);

/** The options, checked. */
export interface CheckedMemcachedOptions {
  readonly prefix: string;
  readonly maxItemBytes: number;
  readonly client: MemcachedClient | undefined;
  /** `host:port` each; empty where there is a client. */
  readonly servers: readonly string[];
}

/** The default of `prefix`. */
export const defaultPrefix = 'session:';
/** The default of `maxItemBytes`, which is also memcached's own. */
export const defaultMaxItemBytes = 1_048_576;

const defaultPort = 11_211;
/** The default of `servers`. */
const defaultServer = `127.0.0.1:${defaultPort}`;
const serverForm = /^(?:memcached:\/\/)?([a-z0-9_.-]+)(?::(\d{1,5}))?\/?$/i;

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string' || typeof value === 'number') return JSON.stringify(value);
  return typeof value === 'object'
    ? `an object of ${value.constructor?.name ?? 'no class'}`
    : `a ${typeof value}`;
}

/**
 * Checks what stands under `memcached`.
 *
 * @throws SessionConfigError that names the option, what it got and what it takes
 */
export function checkMemcachedOptions(options: MemcachedDriverOptions): CheckedMemcachedOptions {
  const given: unknown = options;
  const takes = "it takes either { servers: 'host:port' } or { client }";
  if (typeof given !== 'object' || given === null) {
    throw new SessionConfigError(`Option 'memcached' got ${describe(given)}; ${takes}.`);
  }
  if ('client' in given && 'servers' in given) {
    throw new SessionConfigError(`Option 'memcached' got client and servers; ${takes}.`);
  }
  const { prefix = defaultPrefix, maxItemBytes = defaultMaxItemBytes, client, servers } = options;
  if (typeof prefix !== 'string' || !plainPrefix.test(prefix)) {
    throw new SessionConfigError(
      `Option 'memcached.prefix' got ${describe(prefix)}; it takes up to 150 characters of printable ASCII without spaces.`,
    );
  }
  if (!Number.isSafeInteger(maxItemBytes) || maxItemBytes < 1024) {
    throw new SessionConfigError(
      `Option 'memcached.maxItemBytes' got ${describe(maxItemBytes)}; it takes a number of bytes from 1024 on.`,
    );
  }
  const shared = { prefix, maxItemBytes };
  if ('client' in given) return { ...shared, client: checkClient(client), servers: [] };
  // Servers that are named as undefined are no default: most likely a variable of the environment is not set.
  return {
    ...shared,
    client: undefined,
    servers: 'servers' in given ? checkServers(servers) : [defaultServer],
  };
}

function checkServers(servers: unknown): string[] {
  const list: unknown[] =
    typeof servers === 'string' ? servers.split(',') : Array.isArray(servers) ? servers : [servers];
  if (list.length === 0)
    throw new SessionConfigError("Option 'memcached.servers' got an empty list; it takes 'host:port'.");
  const names = list.map((server) => {
    const [, host, port = defaultPort] = (typeof server === 'string' && serverForm.exec(server.trim())) || [];
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new SessionConfigError(
        `Option 'memcached.servers' got ${describe(server)}; it takes 'host:port', or a list of them.`,
      );
    }
    return `${host}:${port}`;
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new SessionConfigError(`Option 'memcached.servers' got ${twice} twice; it takes each server once.`);
  return names;
}

function checkClient(client: unknown): MemcachedClient {
  const takes = 'it takes a MemcacheClient of memcache-client: new MemcacheClient({ server }).';
  if (typeof client !== 'object' || client === null) {
    throw new SessionConfigError(`Option 'memcached.client' got ${describe(client)}; ${takes}`);
  }
  if ('HashRing' in client) {
    throw new SessionConfigError(
      `Option 'memcached.client' got a client of the package "memcached"; ${takes}`,
    );
  }
  if (!isMemcachedClient(client)) {
    throw new SessionConfigError(`Option 'memcached.client' got ${describe(client)}; ${takes}`);
  }
  if (countServers(client) > 1) {
    throw new SessionConfigError(
      `Option 'memcached.client' got one with several servers, among which it picks at random; it takes one with a single server, or name them in memcached.servers.`,
    );
  }
  return client;
}

function isMemcachedClient(client: object): client is MemcachedClient {
  return ['gets', 'add', 'cas', 'delete'].every((name) => typeof Reflect.get(client, name) === 'function');
}

/** Looks into the options of a MemcacheClient: `{ server: { servers: [...] } }`. */
function countServers(client: object): number {
  const options: unknown = Reflect.get(client, 'options');
  const server: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'server') : undefined;
  const servers: unknown =
    typeof server === 'object' && server !== null ? Reflect.get(server, 'servers') : undefined;
  return Array.isArray(servers) ? servers.length : 1;
}
