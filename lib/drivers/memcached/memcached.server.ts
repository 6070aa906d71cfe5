import type { MemcachedClient } from '../../options/memcached.options.js';
import { SessionConfigError } from '../../session.errors.js';
import { systemClock } from '../clock.js';
import { textHash } from '../text-hash.js';

/** The maximum length of a key in the protocol. Keys have no spaces and no control characters. */
const LONGEST_KEY_BYTES = 250;

// Ids as this package generates them, and other printable ASCII without spaces.
const plainId = /^[!-~]+$/;
const hashPrefix = '#';

/**
 * The key of an id. An id that memcached does not accept (longer, with spaces, control characters or letters
 * beyond ASCII) is stored under its SHA-256 hash.
 */
export function memcachedKey(prefix: string, id: string): string {
  const isPlain =
    prefix.length + id.length <= LONGEST_KEY_BYTES && plainId.test(id) && !id.startsWith(hashPrefix);
  if (isPlain) return prefix + id;
  return prefix + hashPrefix + textHash(id, 'base64url');
}

const LONGEST_RELATIVE_SECONDS = 30 * 24 * 60 * 60;
const LATEST_TIME = 2 ** 31 - 1;
const NEVER = 0;

/** The lifetime of an item that has expired from the beginning. */
export const EXPIRED_ALREADY = -1;

/**
 * Converts a lifetime to memcached's format: up to 30 days in seconds from now, more as a date in unix seconds
 * (https://github.com/memcached/memcached/blob/master/doc/protocol.txt, "Expiration times").
 *
 * Never shorter than requested: memcached counts whole seconds, so the record itself says when it ends. A date
 * beyond January 2038, which servers with 32-bit dates do not have, becomes "never": such an item is evicted
 * when memory runs short.
 */
export function memcachedExpiry(lifetimeMs: number): number {
  // Plus one, because a second that has begun counts as a whole one.
  const seconds = Math.max(1, Math.ceil(lifetimeMs / 1000) + 1);
  if (seconds <= LONGEST_RELATIVE_SECONDS) return seconds;
  // By the system clock, like the server: the date is for memcached, not for the record.
  const date = Math.ceil(systemClock.now() / 1000) + seconds;
  return date <= LATEST_TIME ? date : NEVER;
}

/**
 * The outcome of a conditional command. `changed`: the item has changed since its CAS token was read, or exists
 * already.
 */
type Outcome = 'stored' | 'changed' | 'missing';

/** An item, and the CAS token of this very state of it. */
export interface MemcachedItem {
  /** Undefined if the item is not text: this package has not written it. */
  readonly text: string | undefined;
  readonly casUnique: string | number;
}

const outcomes: ReadonlyMap<string, Outcome> = new Map([
  ['NOT_STORED', 'changed'],
  ['EXISTS', 'changed'],
  ['NOT_FOUND', 'missing'],
]);

/** Whether the server refused an item because it exceeds its limit. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('SERVER_ERROR object too large');
}

/** One memcached server, with its answers as values: calls reject only if the server fails. */
export class MemcachedServer {
  /** `host:port`, if the driver knows it. */
  readonly name: string;
  readonly #client: MemcachedClient;
  readonly #shutdown: (() => void) | undefined;

  /** @param shutdown closes the client; omitted if the application owns it */
  constructor(client: MemcachedClient, name: string, shutdown?: () => void) {
    this.#client = client;
    this.name = name;
    this.#shutdown = shutdown;
  }

  /**
   * Makes a server with its own client, which connects on its first call and again after each failure.
   *
   * @param server `host:port`
   * @throws SessionConfigError if the package memcache-client is not installed
   */
  static async open(server: string, storeTimeout: number): Promise<MemcachedServer> {
    const MemcacheClient = await loadClient();
    const client = new MemcacheClient({
      server: { server, maxConnections: 1 },
      noDelay: true,
      // A call that takes longer closes its connection, so that nothing piles up in it.
      cmdTimeout: storeTimeout,
      connectTimeout: Math.min(1000, storeTimeout),
    });
    return new MemcachedServer(client, server, () => client.shutdown());
  }

  close(): void {
    this.#shutdown?.();
  }

  async get(key: string): Promise<MemcachedItem | null> {
    const item = await this.#client.gets(key);
    if (item === undefined) return null;
    return { text: typeof item.value === 'string' ? item.value : undefined, casUnique: item.casUniq };
  }

  /** Stores an item if there is none. */
  async add(key: string, text: string, expiry: number): Promise<Outcome> {
    return this.#send(() => this.#client.add(key, text, { lifetime: expiry }));
  }

  /** Replaces the item that has the CAS token. */
  async replace(key: string, text: string, expiry: number, casUnique: string | number): Promise<Outcome> {
    return this.#send(() => this.#client.cas(key, text, { lifetime: expiry, casUniq: casUnique }));
  }

  async remove(key: string): Promise<void> {
    await this.#send(() => this.#client.delete(key));
  }

  async #send(command: () => Promise<unknown>): Promise<Outcome> {
    try {
      await command();
      return 'stored';
    } catch (error) {
      const outcome = error instanceof Error ? outcomes.get(error.message) : undefined;
      if (outcome === undefined) throw error;
      return outcome;
    }
  }
}

async function loadClient(): Promise<typeof import('memcache-client').MemcacheClient> {
  try {
    return (await import('memcache-client')).MemcacheClient;
  } catch (error) {
    throw new SessionConfigError(
      'The session driver "memcached" needs the package memcache-client: npm install memcache-client.',
      { cause: error },
    );
  }
}
