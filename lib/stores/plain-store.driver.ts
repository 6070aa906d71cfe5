import { systemClock } from '../drivers/clock.js';
import type { RecordDriver, SessionRecord } from '../drivers/driver.js';
import { KeyedQueue } from '../drivers/keyed-queue.js';
import { packRecord, unpackRecord } from '../drivers/packed-record.js';
import { textHash } from '../drivers/text-hash.js';
import { propertyOf } from '../state/property-of.js';

/** The format of stored records. Other formats are not read. */
const FORMAT = 1;

/** Ids as the package generates them, which are valid names in any store. */
const PLAIN_ID = /^[\w-]{43}$/;

/** Text that every store returns unchanged, whatever its encoding and collation. */
const PLAIN_TEXT = /^[\n\x20-\x7e]*$/;

/**
 * A record as kept in a store that was made for other things: packed, either verbatim or as base64 of its
 * UTF-8.
 */
interface KeptRecord {
  readonly format: number;
  readonly record: string | { readonly base64: string };
}

/** A store that gets, sets and removes, but cannot compare. */
interface PlainStore {
  /** The value stored under a name, as the store returns it; anything else if there is none. */
  get(name: string): Promise<unknown>;
  /** @param expiresAt epoch ms: the store may forget the record after that, not before */
  set(name: string, kept: KeptRecord, expiresAt: number): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Stores count in whole seconds, some rounding down: none may forget a record too early. */
const SLACK_MS = 1_000;

/** The pending calls of each store by record, shared by all drivers of the store in this process. */
const queues = new WeakMap<object, KeyedQueue>();

function queueOf(store: object): KeyedQueue {
  const known = queues.get(store);
  if (known !== undefined) return known;
  const queue = new KeyedQueue();
  queues.set(store, queue);
  return queue;
}

/**
 * Keeps sessions in a store that cannot compare and store in one step. Within one process, a queue makes up for
 * that: each change to a record waits its turn, reads the stored version, and stores. Another process may
 * interfere: each written record is read back, so that a request that was overwritten by then notices and
 * continues from what is stored.
 */
export class PlainStoreDriver implements RecordDriver {
  readonly caveat: string;
  readonly #store: PlainStore;
  readonly #turns: KeyedQueue;

  /**
   * @param owner the store as the application knows it: all drivers of one store share a queue
   * @param kind a description of the store for the log: `a store of express-session (PGStore)`
   */
  constructor(store: PlainStore, owner: object, kind: string) {
    this.#store = store;
    this.#turns = queueOf(owner);
    this.caveat =
      `is ${kind}, which cannot compare and store in one step. Inside this process no change is lost and no sign-out undone; where ` +
      'several processes share it, a request of another one at the same moment may lose its changes, or bring a session back that ' +
      'has just ended. It cannot list the sessions of a user either. The drivers redis, database and file can do all of that.';
  }

  read(id: string): Promise<SessionRecord | null> {
    return this.#live(keptName(id));
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    const written = { ...record };
    return this.#inTurn(id, async (name) => {
      const stored = await this.#live(name);
      if ((stored?.version ?? 0) !== written.version - 1) return false;
      const kept = await this.#put(name, written);
      return kept?.version === written.version && kept.payload === written.payload;
    });
  }

  /**
   * Does not use the store's own `touch`: it may move the store's expiry and leave the stored value unchanged,
   * which contains the record's own expiry.
   */
  touch(id: string, expiresAt: number): Promise<boolean> {
    return this.#inTurn(id, async (name) => {
      const stored = await this.#live(name);
      return stored !== null && (await this.#put(name, { ...stored, expiresAt })) !== null;
    });
  }

  async destroy(id: string): Promise<void> {
    await this.#inTurn(id, (name) => this.#store.remove(name));
  }

  destroyVersion(id: string, version: number): Promise<boolean> {
    return this.#inTurn(id, async (name) => {
      if ((await this.#live(name))?.version !== version) return false;
      await this.#store.remove(name);
      return true;
    });
  }

  #inTurn<T>(id: string, task: (name: string) => Promise<T>): Promise<T> {
    const name = keptName(id);
    return this.#turns.run(name, () => task(name));
  }

  async #live(name: string): Promise<SessionRecord | null> {
    const record = recordIn(await this.#store.get(name));
    return record !== null && record.expiresAt > systemClock.now() ? record : null;
  }

  /** @returns what is stored then: this record, or what another process has written at the same moment */
  async #put(name: string, record: SessionRecord): Promise<SessionRecord | null> {
    if (record.expiresAt <= systemClock.now()) {
      await this.#store.remove(name);
      return record;
    }
    await this.#store.set(name, keptRecord(record), record.expiresAt + SLACK_MS);
    return recordIn(await this.#store.get(name));
  }
}

/** The name of a record in a store: the id, or its hash for an unusual id (a path, 500 characters, any letters). */
function keptName(id: string): string {
  return PLAIN_ID.test(id) ? id : textHash(id);
}

/** Packs a record; as base64 if it contains anything but printable ASCII, which such a store might change. */
function keptRecord(record: SessionRecord): KeptRecord {
  const packed = packRecord(record);
  const isPlain = PLAIN_TEXT.test(packed);
  return { format: FORMAT, record: isPlain ? packed : { base64: Buffer.from(packed).toString('base64') } };
}

/** The record in a value that a store returned; null if there is none. */
function recordIn(kept: unknown): SessionRecord | null {
  if (propertyOf(kept, 'format') !== FORMAT) return null;
  const record = propertyOf(kept, 'record');
  if (typeof record === 'string') return unpackRecord(record);
  const base64 = propertyOf(record, 'base64');
  return typeof base64 === 'string' ? unpackRecord(Buffer.from(base64, 'base64').toString()) : null;
}
