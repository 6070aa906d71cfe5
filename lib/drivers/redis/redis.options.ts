/** @ts-ignore -- an application without ioredis has no types of it either, and needs none */
import type { Cluster, Redis, RedisOptions } from 'ioredis';
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

type ReservedOption = (typeof reservedOptions)[number];

/** Options of ioredis for a connection of the driver's own, e.g. `host`, `port`, `password`, `db`, `tls`, `sentinels`. */
export interface RedisConnectionOptions extends Omit<RedisOptions, ReservedOption> {
  /** `redis://[[user]:password@]host[:port][/db]`, or `rediss://` for TLS. Needs no `host` beside it. */
  url?: string;
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
       * An ioredis (version 5) client of the application, which opens and closes it. A `Cluster` has to read from
       * masters (`scaleReads: 'master'`, its default): a replica may still hold a session that has been logged out.
       */
      client: Redis | Cluster | RedisClient;
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
