/**
 * What a driver keeps for one session. Drivers see text and numbers, never values, cookies or requests.
 */
export interface SessionRecord {
  /** The serialized session. A driver stores it to the letter and never looks inside. */
  payload: string;
  /** When the record ends, in epoch milliseconds. At this very millisecond it counts as expired. */
  expiresAt: number;
  /** 1 for a record just created; each successful `write` is one higher than what it replaces. */
  version: number;
  /** When a request last wrote the session, in epoch milliseconds. */
  lastActivity: number;
  /** The user the session belongs to, or null. At most 255 characters: the end of a longer id is a hash of all of it. */
  userId: string | null;
  /** The address of the client that last wrote, at most 45 characters (IPv6), or null. */
  ipAddress: string | null;
  /** The user agent that last wrote, or null. */
  userAgent: string | null;
}

/** Some of a user's live records, each with its id, and where the others begin. */
export interface UserRecords {
  /** At most as many as were asked for, in no order. */
  readonly records: readonly (SessionRecord & { readonly id: string })[];
  /** What the next call is given; null where these were the last. */
  readonly cursor: string | null;
}

/** What a driver that keeps records may have besides its records: a beginning, an end, and a way to remove what has expired. */
export interface DriverLifecycle {
  /**
   * What its store cannot promise, where that is less than a driver promises: said once in the log when the application boots. The rest of
   * a sentence that begins with the driver's name: "keeps sessions in memory, ...". Default nothing.
   */
  readonly caveat?: string;
  /**
   * Called once when the application boots, before the first request, with the option that stands under the driver's
   * name (undefined where there is none). A store that is merely away is no reason to throw: an application boots
   * while its store is down. Throw a SessionConfigError where the configuration is wrong. After ten times the option
   * `storeTimeout` the application boots without waiting for it any longer, and the log says so.
   */
  open?(config: unknown): Promise<void>;
  /**
   * Called once when the application shuts down, perhaps while a `collectGarbage` is under way. Ends what `open` began, and
   * nothing that the application owns. It is waited for as `open` is; what it throws is said in the log.
   */
  close?(): Promise<void>;
  /**
   * Called when the store has left all calls of one kind without an answer for as long as the option `storeTimeout` says, and
   * again for each such span until it answers: the place to drop a connection that has gone silent. Must not throw.
   */
  stalled?(): void;
  /**
   * Which of several servers keeps the record of an id, under any name. For drivers that spread records over servers, so that
   * one which hangs is given up for its own records only.
   */
  serverOf?(id: string): string;
}

/**
 * A driver that keeps records: where sessions live. Four methods make one; the rest is optional.
 *
 * It needs no time limit of its own: calls made for requests end after `storeTimeout`, and while its store does not answer,
 * hardly any are made.
 *
 * What every driver promises, and the conformance suite tests:
 *
 * - An error thrown from any method means that the store itself failed. Absent, expired and outdated are no errors:
 *   they are answers.
 * - Any text is an id: no length, letter, path or name of a built-in is special, and ids that differ in letter case, in
 *   how an accent is composed or in a space at the end are different ids.
 * - Every field comes back as it was written, to the letter. Texts are well-formed Unicode (no half of a surrogate
 *   pair) and may hold every character of it, NUL included.
 * - What is handed over or given back is a copy: changing it changes nothing in the store.
 * - A record lives until just before `expiresAt` by the driver's clock. From that millisecond on, whether the store has
 *   removed it or not, it counts as none for `read`, `touch` and `write`. A lifetime may be ten years, or over already.
 * - Calls may come in parallel, from any number of processes on one store: each takes effect as a whole or not at all.
 * - What was destroyed stays destroyed: only a record of version 1 makes something of nothing.
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
   * @returns the record, or null where there is none. Never an expired one. Where what is kept cannot be understood
   * (half a file, foreign bytes), null as well.
   */
  read(id: string): Promise<SessionRecord | null>;

  /**
   * Stores a record, but only in place of the version it was made from. Atomic: of any number of writers that come
   * with the same version, in any number of processes, exactly one gets true.
   *
   * @param record its `version - 1` must be the version stored now; 0 stands for "no live record" (none at all, or an
   * expired one, which is replaced)
   * @returns true when stored; false where another request wrote, or removed, the record first. Nothing is changed then.
   * @throws SessionTooLargeError where the store has a limit that the payload exceeds
   */
  write(id: string, record: SessionRecord): Promise<boolean>;

  /**
   * Moves the expiry of a live record. Never creates one, never changes payload or version, never competes with a
   * write: a write that was based on the same version still succeeds after it.
   *
   * @param expiresAt epoch milliseconds
   * @returns false where there is no live record
   */
  touch(id: string, expiresAt: number): Promise<boolean>;

  /** Removes the record. No error where there is none. A write based on the removed version returns false afterwards. */
  destroy(id: string): Promise<void>;

  /**
   * Removes a live record if that version is the stored one: atomic, as `write` is. It must need no space, so that a
   * session can be ended in a store that is full. Optional: without it, ending a session takes a write and a `destroy`,
   * and where the store refuses that write, a `destroy` alone, which a `regenerate` of the same moment may escape.
   *
   * @param version the version that was read; 1 or more
   * @returns true when removed; false where another version is stored, or none. Nothing is changed then.
   * @example
   * async destroyVersion(id: string, version: number) {
   *   return (await this.mongo.deleteOne({ id, version, expiresAt: { $gt: Date.now() } })).deletedCount === 1;
   * }
   */
  destroyVersion?(id: string, version: number): Promise<boolean>;

  /**
   * The live records whose `userId` is this one, a page at a time: some hundred records at most, so that a user with ten
   * thousand of them holds nobody up. A record that is there from the first page to the last is on at least one of them; what
   * comes or goes meanwhile may be on none, or on two. What a call costs does not depend on other users' sessions. Optional:
   * without it a user's sessions cannot be listed, ended or counted.
   *
   * @param userId as it was written, to the letter
   * @param cursor null for the first page, otherwise what the page before answered
   * @example
   * async listByUser(userId: string, cursor: string | null) {
   *   const records = await this.mongo.find({ userId, expiresAt: { $gt: Date.now() }, id: { $gt: cursor ?? '' } }, { sort: 'id', limit: 100 });
   *   return { records, cursor: records.length < 100 ? null : records[99].id };
   * }
   */
  listByUser?(userId: string, cursor: string | null): Promise<UserRecords>;

  /**
   * Removes what has expired, in slices that never hold the event loop for longer than 20 ms. Left out by stores that
   * expire records by themselves.
   *
   * It is waited for as long as it gets on: until ten times the option `storeTimeout` has passed since it began or last called
   * `progressed`. Then the caller is told so, and the next round does not wait for it.
   *
   * @param now epoch milliseconds
   * @param progressed to be called after each slice, by collections that may take longer than that
   * @returns how many records were removed
   */
  collectGarbage?(now: number, progressed?: () => void): Promise<number>;
}

/**
 * A driver that keeps nothing: the record itself travels, sealed, in the cookie. `stealth` is one.
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
   * @returns the record, or null where the token was tampered with, cut short, sealed elsewhere, or has expired. Never throws
   * for what a visitor sent.
   */
  open(token: string): SessionRecord | null | Promise<SessionRecord | null>;

  /** Called once when the application shuts down. */
  close?(): Promise<void>;
}

/** A driver of either kind. */
export type AnyDriver = RecordDriver | SealingDriver;

/** Whether a driver keeps nothing and seals records into the cookie. */
export function isSealing(driver: AnyDriver): driver is SealingDriver {
  return 'seal' in driver;
}
