import {
  type MemcachedDriverOptions,
  type MemcachedSettings,
  memcachedOptions,
} from '../../options/memcached.options.js';
import { SessionTooLargeError } from '../../session.errors.js';
import { TwoGenerationCache } from '../../state/caches.js';
import type { DriverContext } from '../driver-context.js';
import type { RecordDriver, SessionRecord } from '../driver.js';
import { packRecord, repackExpiry, unpackRecord } from '../packed-record.js';
import {
  EXPIRED_ALREADY,
  isTooLarge,
  memcachedExpiry,
  type MemcachedItem,
  memcachedKey,
  MemcachedServer,
} from './memcached.server.js';
import { ServerRing } from './server-ring.js';

/** Half the number of CAS tokens to cache. */
const CAS_TOKENS_HALF = 2_500;
// The bytes of an item besides key and value: a header, the CAS token, two line ends and a NUL.
const ITEM_OVERHEAD_BYTES = 59;
// Each failed attempt means that another touch or write succeeded in between.
const MOST_ATTEMPTS = 100;

/** What to store in place of an item. */
interface NextItem {
  readonly text: string;
  /** In memcached's format. */
  readonly expiry: number;
}

/**
 * Keeps records in memcached 1.4.8 or newer: one item per session. Records are lost when the server restarts or
 * evicts them.
 *
 * A touch rewrites the item with its new expiry by compare-and-swap, so it only ever replaces what it has read.
 * A write that it overtakes reads again, finds the version unchanged, and stores.
 *
 * @example
 * SessionModule.forRoot({ secret, driver: 'memcached', memcached: { servers: ['10.0.0.1:11211', '10.0.0.2:11211'] } })
 */
export class MemcachedDriver implements RecordDriver {
  readonly #options: MemcachedSettings;
  readonly #context: Pick<DriverContext, 'clock' | 'storeTimeout'>;
  /**
   * The version and CAS token of items that were read, so that the write that follows needs no second read. A
   * token that is missing or out of date costs one more round trip, and nothing else: the server compares.
   * memcache-client returns the token with `gets` and needs it for `cas`, but does not keep it in between.
   */
  readonly #casTokens = new TwoGenerationCache<Pick<MemcachedItem, 'casUnique'> & { version: number }>(
    CAS_TOKENS_HALF,
  );
  #ring: ServerRing<MemcachedServer> | undefined;

  /** @throws SessionConfigError if an option is wrong */
  constructor(options: MemcachedDriverOptions, context: Pick<DriverContext, 'clock' | 'storeTimeout'>) {
    this.#options = memcachedOptions(options, 'memcached');
    this.#context = context;
  }

  /** Makes the clients. They connect on first use, so servers may be down. */
  async open(): Promise<void> {
    if (this.#ring !== undefined) return;
    const { client, servers } = this.#options;
    const { storeTimeout } = this.#context;
    this.#ring = new ServerRing(
      client === undefined
        ? await Promise.all(servers.map((server) => MemcachedServer.open(server, storeTimeout)))
        : [new MemcachedServer(client, 'client')],
    );
  }

  /** Closes the clients that `open` made; a client of the application stays open. */
  async close(): Promise<void> {
    for (const server of this.#ring?.servers ?? []) server.close();
    this.#ring = undefined;
  }

  serverOf(id: string): string {
    return this.#serverOf(this.#keyOf(id)).name;
  }

  async read(id: string): Promise<SessionRecord | null> {
    const key = this.#keyOf(id);
    const item = await this.#serverOf(key).get(key);
    const record = this.#liveRecord(item);
    if (item !== null && record !== null)
      this.#casTokens.set(key, { version: record.version, casUnique: item.casUnique });
    return record;
  }

  async write(id: string, record: SessionRecord): Promise<boolean> {
    const key = this.#keyOf(id);
    const text = packRecord(record);
    this.#checkSize(key, text);
    try {
      return await this.#writeText(key, text, record);
    } catch (error) {
      if (isTooLarge(error)) throw this.#tooLarge(key, text, error);
      throw error;
    }
  }

  async touch(id: string, expiresAt: number): Promise<boolean> {
    const key = this.#keyOf(id);
    return this.#swap(key, (live) => {
      if (live === null) return false;
      if (live.record.expiresAt === expiresAt) return true;
      return { text: repackExpiry(live.text, expiresAt), expiry: this.#expiryOf(expiresAt) };
    });
  }

  async destroy(id: string): Promise<void> {
    const key = this.#keyOf(id);
    await this.#serverOf(key).remove(key);
  }

  /**
   * The protocol cannot remove by compare-and-swap, but it can replace: the item becomes one that has already
   * expired, which is smaller than what it replaces.
   */
  async destroyVersion(id: string, version: number): Promise<boolean> {
    return this.#swap(this.#keyOf(id), (live) =>
      live?.record.version === version ? { text: '', expiry: EXPIRED_ALREADY } : false,
    );
  }

  async #writeText(key: string, text: string, record: SessionRecord): Promise<boolean> {
    const server = this.#serverOf(key);
    const replaced = record.version - 1;
    const next = { text, expiry: this.#expiryOf(record.expiresAt) };
    if (replaced === 0 && (await server.add(key, next.text, next.expiry)) === 'stored') return true;
    const known = this.#casTokens.get(key);
    if (known?.version === replaced) {
      const outcome = await server.replace(key, next.text, next.expiry, known.casUnique);
      if (outcome !== 'changed') return outcome === 'stored';
    }
    // The item may have changed since it was read and still be the same version, touched since.
    return this.#swap(key, (live) => (live?.record.version ?? 0) === replaced && next);
  }

  /**
   * Reads an item and replaces it by compare-and-swap; retries if it changed in between.
   *
   * @param decide gets the live record; returns what to store in its place, or what to answer without storing
   * anything
   * @throws Error if others changed the item each of a hundred times
   */
  async #swap(
    key: string,
    decide: (live: { record: SessionRecord; text: string } | null) => NextItem | boolean,
  ): Promise<boolean> {
    const server = this.#serverOf(key);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const item = await server.get(key);
      const record = this.#liveRecord(item);
      const next = decide(item?.text === undefined || record === null ? null : { record, text: item.text });
      if (typeof next === 'boolean') return next;
      const outcome =
        item === null
          ? await server.add(key, next.text, next.expiry)
          : await server.replace(key, next.text, next.expiry, item.casUnique);
      if (outcome === 'stored') return true;
    }
    throw new Error(`Other requests changed the item ${MOST_ATTEMPTS} times while this one tried to`);
  }

  #liveRecord(item: MemcachedItem | null): SessionRecord | null {
    const record = item?.text === undefined ? null : unpackRecord(item.text);
    return record !== null && record.expiresAt > this.#context.clock.now() ? record : null;
  }

  #expiryOf(expiresAt: number): number {
    return memcachedExpiry(expiresAt - this.#context.clock.now());
  }

  #keyOf(id: string): string {
    return memcachedKey(this.#options.prefix, id);
  }

  #serverOf(key: string): MemcachedServer {
    if (this.#ring === undefined) throw new Error('The memcached driver has not been opened');
    return this.#ring.serverOf(key);
  }

  #checkSize(key: string, text: string): void {
    // A UTF-16 code unit has at most three bytes, so short text need not be counted.
    if (key.length + text.length * 3 + ITEM_OVERHEAD_BYTES <= this.#options.maxItemBytes) return;
    if (itemBytes(key, text) > this.#options.maxItemBytes) throw this.#tooLarge(key, text);
  }

  #tooLarge(key: string, text: string, cause?: unknown): SessionTooLargeError {
    return new SessionTooLargeError(
      `The session takes ${itemBytes(key, text)} bytes in memcached, which keeps at most ${this.#options.maxItemBytes}. ` +
        'Store less in it, or start memcached with a larger -I and say so in memcached.maxItemBytes',
      cause === undefined ? {} : { cause },
    );
  }
}

function itemBytes(key: string, text: string): number {
  return Buffer.byteLength(key) + Buffer.byteLength(text) + ITEM_OVERHEAD_BYTES;
}
