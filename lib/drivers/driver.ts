/**
 * What a driver keeps for one session. Drivers see text and numbers, never values, cookies or requests.
 *
 * @example
 * const record = {
 *   payload: '{}', version: 1, userId: null, ipAddress: null, userAgent: null,
 *   lastActivity: Date.now(), expiresAt: Date.now() + 7_200_000,
 * } satisfies SessionRecord;
 */
export interface SessionRecord {
  /** The serialized session. A driver stores it verbatim and never looks inside. */
  payload: string;
  /** When the record ends, in epoch milliseconds. From this millisecond on it counts as expired. */
  expiresAt: number;
  /** 1 for a new record; each successful `write` is one higher than what it replaces. */
  version: number;
  /** When a request last wrote the session, in epoch milliseconds. */
  lastActivity: number;
  /**
   * The user the session belongs to, or null. At most 255 characters: a longer id ends in a hash of the whole
   * id.
   */
  userId: string | null;
  /** The address of the client that last wrote, at most 45 characters (IPv6), or null. */
  ipAddress: string | null;
  /** The user agent that last wrote, or null. */
  userAgent: string | null;
}

/**
 * Some of a user's live records with their ids, and a cursor to the others.
 *
 * @example
 * const last: UserRecords = { records: [{ id, ...record }], cursor: null };
 */
export interface UserRecords {
  /** A few hundred at most, in no particular order. */
  readonly records: readonly (SessionRecord & { readonly id: string })[];
  /** The cursor for the next call; null if these were the last. */
  readonly cursor: string | null;
}

/**
 * The optional members of a driver besides its records: opening, closing, and hooks for its store.
 *
 * @example
 * const lifecycle: DriverLifecycle = { open: async () => void (await client.connect()), close: () => client.quit() };
 */
export interface DriverLifecycle {
  /**
   * What the store cannot guarantee, if that is less than a driver promises; logged once when the application
   * boots. The rest of a sentence that starts with the driver's name: "keeps sessions in memory, ...". Default
   * nothing.
   */
  readonly caveat?: string;
  /**
   * Called once when the application boots, before the first request, with the option under the driver's name
   * (undefined if there is none). Do not throw because the store is merely unavailable: an application boots
   * while its store is down. Throw a SessionConfigError if the configuration is wrong. After ten times the
   * option `storeTimeout` the application stops waiting and boots, and logs that.
   */
  open?(config: unknown): Promise<void>;
  /**
   * Called once when the application shuts down, possibly during a `collectGarbage`. Ends what `open` began,
   * and nothing that the application owns. The time limit is that of `open`; errors are logged.
   */
  close?(): Promise<void>;
  /**
   * Called when the store has left all calls of one kind unanswered for the time of the option `storeTimeout`,
   * and again for each such span until it answers. Drop a silent connection here. Must not throw.
   */
  stalled?(): void;
  /**
   * Names which of several servers keeps the record of an id; any name will do. For drivers that spread records
   * over servers, so that when a server hangs, only its own records are affected.
   */
  serverOf?(id: string): string;
}

/**
 * A driver that keeps records: where sessions live. Four methods are required; the rest is optional.
 *
 * A driver needs no time limit of its own: calls made for requests end after `storeTimeout`, and while its
 * store does not answer, hardly any are made.
 *
 * The contract of every driver, checked by the conformance suite:
 *
 * - An error thrown from any method means that the store itself failed. Absent, expired and outdated are
 *   answers, not errors.
 * - Any text is an id: no length, letter, path or name of a built-in is special, and ids that differ in letter
 *   case, in how an accent is composed or in a trailing space are different ids.
 * - Every field is read back exactly as it was written. Texts are well-formed Unicode (no half of a surrogate
 *   pair) and may contain any character, including NUL.
 * - Records are passed as copies in both directions: changing one changes nothing in the store.
 * - A record lives until just before `expiresAt` by the driver's clock. From that millisecond on, whether the
 *   store has removed it or not, it does not exist for `read`, `touch` and `write`. A lifetime may be a
 *   hundred years, or over already.
 * - Calls may come in parallel, from any number of processes on one store: each takes effect as a whole or not
 *   at all.
 * - A destroyed record stays destroyed: only a record of version 1 can be created.
 *
 * @example
 * // above the class: `@SessionDriver('mongo')`
 * class MongoDriver implements RecordDriver {
 *   constructor(private readonly mongo: MongoService) {}
 *   async read(id: string) { return this.mongo.findLive(id, Date.now()); }
 *   async write(id: string, record: SessionRecord) { return this.mongo.replaceVersion(id, record.version - 1, record); }
 *   async touch(id: string, expiresAt: number) { return this.mongo.setExpiry(id, expiresAt); }
 *   async destroy(id: string) { await this.mongo.remove(id); }
 * }
 */
export interface RecordDriver extends DriverLifecycle {
  /**
   * The live record of an id.
   *
   * @param id a session id: 43 characters of base64url; ids that an application sets itself may be any text
   * @returns the record, or null if there is none. Never an expired one. Also null if the stored data cannot be
   * understood (half a file, bytes of something else).
   */
  read(id: string): Promise<SessionRecord | null>;

  /**
   * Stores a record, but only in place of the version it was made from. Atomic: of any number of writers with
   * the same version, in any number of processes, exactly one gets true.
   *
   * @param record its `version - 1` must be the version stored now; 0 stands for "no live record" (none at all,
   * or an expired one, which is replaced)
   * @returns true if stored; false if another request wrote or removed the record first. Nothing is changed
   * then.
   * @throws SessionTooLargeError if the payload exceeds a limit of the store
   */
  write(id: string, record: SessionRecord): Promise<boolean>;

  /**
   * Moves the expiry of a live record. Never creates a record, never changes payload or version, never
   * conflicts with a write: a write based on the same version still succeeds afterwards.
   *
   * @param expiresAt epoch milliseconds
   * @returns false if there is no live record
   */
  touch(id: string, expiresAt: number): Promise<boolean>;

  /**
   * Removes the record. Not an error if there is none. A write based on the removed version returns false
   * afterwards.
   */
  destroy(id: string): Promise<void>;

  /**
   * Removes a live record if this version is stored; atomic, like `write`. It must need no space, so that a
   * session can be ended in a store that is full. Optional: without it, ending a session takes a write and a
   * `destroy`; if the store refuses that write, only a `destroy`, which a simultaneous `regenerate` may escape.
   *
   * @param version the version that was read; 1 or more
   * @returns true if removed; false if another version is stored, or none. Nothing is changed then.
   * @example
   * async destroyVersion(id: string, version: number) {
   *   return (await this.mongo.deleteOne({ id, version, expiresAt: { $gt: Date.now() } })).deletedCount === 1;
   * }
   */
  destroyVersion?(id: string, version: number): Promise<boolean>;

  /**
   * The live records of a user, a page at a time: a few hundred records at most, so that a user with ten
   * thousand of them blocks nobody. A record that exists from the first page to the last is on at least one of
   * them; records that come or go meanwhile may be on none, or on two. The cost of a call does not depend on
   * other users' sessions. Optional: without it a user's sessions cannot be listed, ended or counted.
   *
   * @param userId exactly as it was written
   * @param cursor null for the first page, otherwise the cursor of the previous page
   * @example
   * async listByUser(userId: string, cursor: string | null) {
   *   const records = await this.mongo.find({ userId, expiresAt: { $gt: Date.now() }, id: { $gt: cursor ?? '' } }, { sort: 'id', limit: 100 });
   *   return { records, cursor: records.length < 100 ? null : records[99].id };
   * }
   */
  listByUser?(userId: string, cursor: string | null): Promise<UserRecords>;

  /**
   * Removes expired records, in slices that never block the event loop for more than 20 ms. Omitted for stores
   * that expire records by themselves.
   *
   * The caller waits as long as there is progress: until ten times the option `storeTimeout` has passed since
   * the start or the last call of `progressed`. Then the caller gets an error, and the next round does not wait
   * for this one.
   *
   * @param now epoch milliseconds
   * @param progressed to be called after each slice, by collections that may take longer than that
   * @returns how many records were removed
   */
  collectGarbage?(now: number, progressed?: () => void): Promise<number>;
}

/**
 * A driver that keeps nothing: the record itself travels in the cookie, sealed. `stealth` is one.
 *
 * @example
 * const safe: SealingDriver = { seal: (record) => vault.encrypt(record), open: (token) => vault.decrypt(token) };
 */
export interface SealingDriver {
  /**
   * Seals a record into a token that only this application can open.
   *
   * @returns cookie-safe text (letters, digits, `-`, `_`, `.`)
   */
  seal(record: SessionRecord): string | Promise<string>;

  /**
   * Opens a token.
   *
   * @returns the record, or null if the token was tampered with, cut short, sealed elsewhere, or has expired.
   * Never throws because of what a visitor sent.
   */
  open(token: string): SessionRecord | null | Promise<SessionRecord | null>;

  /** Called once when the application shuts down. */
  close?(): Promise<void>;
}

/**
 * A driver of either kind.
 *
 * @example
 * const driver: AnyDriver = manager.driver();
 */
export type AnyDriver = RecordDriver | SealingDriver;

/** Whether a driver keeps nothing and seals records into the cookie. */
export function isSealing(driver: AnyDriver): driver is SealingDriver {
  return 'seal' in driver;
}
