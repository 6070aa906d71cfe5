import type { ConnectionOptions } from 'node:tls';
import { SessionConfigError } from '../../session.errors.js';
import { checkAddress, describe, type reservedOptions } from './redis.address.js';

/** What the driver needs of an ioredis client; `Redis` and `Cluster` of ioredis 5 have it. */
export interface RedisClient {
  /** The state of its connection; `ready` when commands go straight to the server. */
  readonly status: string;
  /** GET. */
  get(key: string): Promise<string | null>;
  /** DEL; the number of keys removed. */
  del(key: string): Promise<number>;
  /** EVALSHA. */
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** EVAL. */
  eval(source: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** What the driver decides itself, so that nobody can set it. */
type Reserved = { [Name in (typeof reservedOptions)[number]]?: never };

/** Options of ioredis for a connection of the driver's own: those named here, and whatever else its `RedisOptions` have. */
export interface RedisConnectionOptions extends Reserved {
  /** `redis://[[user]:password@]host[:port][/db]`, or `rediss://` for TLS. Needs no `host` beside it. */
  url?: string;
  /** Default `localhost`, as ioredis has it. */
  host?: string;
  /** Default 6379. */
  port?: number;
  /** The path of a socket, in place of host and port. */
  path?: string;
  username?: string;
  password?: string;
  /** The number of the database. Default 0. */
  db?: number;
  /** Connects by TLS, with these options of Node. */
  tls?: ConnectionOptions;
  /** Where to ask for the master, with `name` beside it. */
  sentinels?: { host?: string; port?: number }[];
  /** The name under which the sentinels know the master. */
  name?: string;
  /** How long to wait before connecting again, in milliseconds; `attempt` counts from 1. Default 50 ms each, 250 ms at most. */
  retryStrategy?: (attempt: number) => number | null;
  /** Any other option of ioredis. */
  [option: string]: unknown;
}

/**
 * What stands under `redis` in the options: `prefix`, and either a client or where to connect.
 *
 * @example
 * redis: { url: 'redis://localhost:6379', prefix: 'shop:' }
 * redis: { client: new Redis() }
 */
export type RedisDriverOptions = {
  /** Comes before the session id in each key. Default `session:`. */
  prefix?: string;
} & (
  | {
      /**
       * A `Redis` or `Cluster` of ioredis 5 that belongs to the application, which opens and closes it. A `Cluster` has to read from
       * masters (`scaleReads: 'master'`, its default): a replica may still hold a session that has been logged out.
       */
      client: RedisClient;
    }
  | (RedisConnectionOptions & { client?: never })
);

/** The options, checked: a client that the application owns, or what to connect with. */
export interface CheckedRedisOptions {
  readonly prefix: string;
  readonly client: RedisClient | undefined;
  readonly connection: RedisConnectionOptions;
}

/** The default of `prefix`. */
export const defaultPrefix = 'session:';

const whatItTakes = '{ client } (an ioredis Redis or Cluster) or { url } or { host, port }';

const addressOptions = ['url', 'host', 'port', 'path', 'sentinels'];

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Checks what stands under `redis`.
 *
 * @throws SessionConfigError that names the option, what it got (never its text, which may hold a password) and what
 * it takes
 */
export function checkRedisOptions(options: RedisDriverOptions): CheckedRedisOptions {
  const given: unknown = options;
  if (!isObject(given)) {
    throw new SessionConfigError(`Option 'redis' got ${describe(given)}; it takes ${whatItTakes}.`);
  }
  const { prefix = defaultPrefix, client, ...connection } = options;
  if (typeof prefix !== 'string')
    throw new SessionConfigError(`Option 'redis.prefix' got ${describe(prefix)}; it takes a string.`);
  if ('client' in given) {
    const extra = Object.keys(connection);
    if (extra.length > 0) {
      throw new SessionConfigError(
        `Option 'redis' got client and ${extra.join(', ')}; it takes either a client or where to connect, not both.`,
      );
    }
    return { prefix, client: checkClient(client), connection };
  }
  checkConnection(connection, given);
  return { prefix, client: undefined, connection };
}

function checkClient(client: unknown): RedisClient {
  const takes = 'it takes a Redis or Cluster of ioredis 5: new Redis(...).';
  if (!isObject(client))
    throw new SessionConfigError(`Option 'redis.client' got ${describe(client)}; ${takes}`);
  if (!isRedisClient(client)) {
    const got = 'evalSha' in client ? 'a client of the package "redis" (node-redis)' : describe(client);
    throw new SessionConfigError(`Option 'redis.client' got ${got}; ${takes}`);
  }
  if (readsFromReplicas(client)) {
    throw new SessionConfigError(
      "Option 'redis.client' got a Cluster that reads from replicas, which may still hold a session that was logged out; it takes one with scaleReads: 'master'.",
    );
  }
  return client;
}

function isRedisClient(client: object): client is RedisClient {
  const hasCommands = ['get', 'del', 'evalsha', 'eval'].every(
    (name) => typeof Reflect.get(client, name) === 'function',
  );
  return hasCommands && 'status' in client && typeof client.status === 'string';
}

function readsFromReplicas(client: object): boolean {
  if (!('options' in client) || !isObject(client.options) || !('scaleReads' in client.options)) return false;
  return client.options.scaleReads !== 'master';
}

function checkConnection(connection: RedisConnectionOptions, given: object): void {
  if (!addressOptions.some((name) => name in connection)) {
    throw new SessionConfigError(
      `Option 'redis' got ${Object.keys(given).join(', ') || 'nothing'}; it takes ${whatItTakes}.`,
    );
  }
  checkAddress(connection);
}
