import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { plainOptions } from './plain-options.js';
import { hasFunctions, optionError, withoutText } from './read-option.js';
import { is, refine, text } from './checks.js';
import { addressTable, type reservedOptions } from './redis.address.js';
import { type Table, readTable } from './read-table.js';
import { isObject } from '../state/values.js';
import { propertyOf } from '../state/property-of.js';

/**
 * The part of an ioredis client that the driver uses; `Redis` and `Cluster` of ioredis 5 and 6 satisfy it.
 *
 * @example
 * const client: RedisClient = new Redis('redis://localhost:6379');
 * const redis: RedisDriverOptions = { client };
 */
export interface RedisClient {
  /** The state of the connection; `ready` when commands go straight to the server. */
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

/** Options that the driver sets itself and nobody else can set. */
type Reserved = { [Name in (typeof reservedOptions)[number]]?: never };

/** What says where to connect: at least one of these has to be there. */
type Address =
  | { url: string }
  | { host: string }
  | { port: number }
  | { path: string }
  | { sentinels: { host?: string; port?: number }[]; name: string };

/**
 * Options of ioredis for the driver's own connection: those listed here, and any other of its `RedisOptions`. At
 * least one of `url`, `host`, `port`, `path` and `sentinels` is required.
 *
 * @example
 * redis: { url: 'redis://localhost:6379/1' }
 */
export type RedisConnectionOptions = ConnectionSettings & Address;

/** The options of a connection, whatever says where to connect. */
export interface ConnectionSettings extends Reserved {
  /** `redis://[[user]:password@]host[:port][/db]`, or `rediss://` for TLS. Makes `host` unnecessary. */
  url?: string;
  /** Default `localhost`, as in ioredis. */
  host?: string;
  /** Default 6379. */
  port?: number;
  /** The path of a socket, instead of host and port. */
  path?: string;
  /** The user of an ACL. Default none. */
  username?: string;
  /** The password of the user or of the server. Default none. */
  password?: string;
  /** The number of the database. Default 0. */
  db?: number;
  /** Connects over TLS, with these options of Node. */
  tls?: TlsOptions;
  /** Where to ask for the master; requires `name`. */
  sentinels?: { host?: string; port?: number }[];
  /** The name under which the sentinels know the master. */
  name?: string;
  /**
   * How long to wait before reconnecting, in milliseconds; `attempt` counts from 1. Default: 50 ms more with each
   * attempt, 250 ms at most.
   */
  retryStrategy?: (attempt: number) => number | null;
  /** Any other option of ioredis. */
  [option: string]: unknown;
}

/**
 * The option `redis`: `prefix`, and either a client or where to connect.
 *
 * @example
 * redis: { url: 'redis://localhost:6379', prefix: 'shop:' }
 * redis: { client: new Redis() }
 */
export type RedisDriverOptions = {
  /** Prepended to the session id in each key. Default `session:`. */
  prefix?: string;
} & (
  | {
      /**
       * A `Redis` or `Cluster` of ioredis 5 or 6 that the application owns, opens and closes. A `Cluster` has to
       * read from masters (`scaleReads: 'master'`, its default), because a replica may still hold a session
       * that was logged out.
       */
      client: RedisClient;
    }
  | (RedisConnectionOptions & { client?: never })
);

/** The checked options: a client that the application owns, or connection options. */
export interface RedisSettings {
  readonly prefix: string;
  readonly client: RedisClient | undefined;
  readonly connection: ConnectionSettings;
}

const takes = 'an object: { client } (an ioredis Redis or Cluster) or { url } or { host, port }';
const takesClient = 'a Redis or Cluster of ioredis: new Redis(...)';

const isClient = (value: unknown): value is RedisClient =>
  isObject(value) &&
  typeof value['status'] === 'string' &&
  hasFunctions(value, 'get', 'del', 'evalsha', 'eval');

const client = refine(
  is(takesClient, isClient, (value) =>
    isObject(value) && 'evalSha' in value
      ? 'a client of the package "redis" (node-redis)'
      : withoutText(value),
  ),
  (given, option) => {
    if (readsFromReplicas(given)) throw optionError(option, OF_REPLICAS);
    return given;
  },
);

const OF_REPLICAS =
  "got a Cluster that reads from replicas, which may still hold a session that was logged out; it takes one with scaleReads: 'master'.";

function readsFromReplicas(given: object): boolean {
  const scaleReads = propertyOf(propertyOf(given, 'options'), 'scaleReads');
  return scaleReads !== undefined && scaleReads !== 'master';
}

/** The driver's own options; everything else is an option of ioredis. */
const ownTable = {
  prefix: { default: 'session:', check: text('a text', /^/, withoutText) },
  client: { required: 'named', check: client },
} as const satisfies Table;

/**
 * Checks the option `redis`, including where to connect: given a wrong address, ioredis would not complain but
 * fail with each command, or use another database than intended.
 *
 * @throws SessionConfigError that names the option, what it got (never its text, which may contain a password)
 * and what it takes
 */
export function redisSettings(options: RedisDriverOptions | undefined): RedisSettings {
  const given = plainOptions(is(takes, isOptions, withoutText)(options, 'redis'));
  const { prefix: _prefix, client: _client, ...connection } = given;
  const others = Object.keys(connection).join(', ');
  if ('client' in given && others !== '')
    throw optionError(
      'redis',
      `got client and ${others}; it takes either a client or where to connect, not both.`,
    );
  if (!['client', 'url', 'host', 'port', 'path', 'sentinels'].some((name) => name in given))
    throw optionError('redis', `got ${Object.keys(given).join(', ') || 'nothing'}; it takes ${takes}.`);
  const own = readTable(ownTable, given, 'redis.');
  if (own.client === undefined) readTable(addressTable(given), given, 'redis.');
  return { ...own, connection };
}

const isOptions = (value: unknown): value is RedisDriverOptions => isObject(value);
