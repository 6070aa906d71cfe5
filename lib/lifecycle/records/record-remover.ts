import type { SessionRecord } from '../../drivers/driver.js';
import { isFull } from '../../drivers/guard/full-store.js';
import { SessionStoreError } from '../../session.errors.js';
import { endedPayload, movedPayload, parsePayload } from '../../state/payload.js';
import type { CommitQueue } from './commit-queue.js';
import { MAX_ATTEMPTS } from '../consistency-errors.js';
import { NOBODY } from '../caller.js';
import { HELD_BY_COOKIE, type LoadedVersion } from '../phase.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { SessionRuntime } from '../session-runtime.js';

/** How long the old id of a moved session leads commits under way to the new one, in ms. */
export const REDIRECT_MS = 30_000;

/** The version of what takes the place of a session that a cookie holds: the redirect, or the tombstone. */
const IN_PLACE_OF_COOKIE = HELD_BY_COOKIE + 1;

type Ended =
  | { readonly kind: 'ended' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'moved'; readonly to: string; readonly version: number };

/**
 * Ends records: moved to another id, or destroyed. Both go through the version check, because a plain removal
 * could remove the redirect of a parallel regenerate and leave its new record alive: a logout undone. A store that cannot
 * remove a version by itself (`destroyVersion`) is first made to hold a tombstone in its place, which no other request overwrites.
 *
 * In a ledger there are sessions without a record as well: those that a cookie holds. Where one of them ends or moves, the
 * tombstone or redirect is the first version under its id, and stays for as long as such a cookie may be good.
 */
export class RecordRemover {
  readonly #store: RecordStore;
  readonly #queue: CommitQueue;
  readonly #runtime: SessionRuntime;
  readonly #isLedger: boolean;

  /**
   * @param isLedger whether there are sessions that a cookie holds, without a record
   */
  constructor(store: RecordStore, queue: CommitQueue, runtime: SessionRuntime, isLedger = false) {
    this.#store = store;
    this.#queue = queue;
    this.#runtime = runtime;
    this.#isLedger = isLedger;
  }

  /**
   * Puts the redirect to the new id in place of a version. It stands in the user's list like the record: who reads the list
   * meanwhile finds the one or the other.
   *
   * @param from the version that is moved away from; where a cookie holds it, `expiresAt` says until when that may be good
   * @returns false where that version is not the stored one
   */
  async redirect(from: LoadedVersion, to: string, userId: string | null): Promise<boolean> {
    const { id, version, expiresAt } = from;
    const { serializer, endings, watched } = this.#runtime;
    const payload = movedPayload(to, serializer);
    if (version === HELD_BY_COOKIE) {
      const hasMoved = await this.#store.write(id, this.#placeholder(payload, IN_PLACE_OF_COOKIE, expiresAt));
      // Watchers alone are told here: until the session stands on the cookie of the new id (`SealedBackend.adopt`), the old one counts.
      if (hasMoved) watched.moved(id, to);
      return hasMoved;
    }
    const hasMoved = await this.#store.write(id, { ...this.#placeholder(payload, version + 1), userId });
    if (hasMoved) endings.moved(id, to);
    return hasMoved;
  }

  /**
   * Removes a record if it is still at that version. Where that fails, and the store answers at all, the record is read, compared and
   * removed in steps: better than a session that cannot be ended.
   *
   * @returns false where it is not at that version
   */
  async endVersion(id: string, version: number): Promise<boolean> {
    let hasEnded: boolean;
    try {
      hasEnded = await this.#endAtOnce(id, version);
    } catch (error) {
      // One that does not answer at all is not asked once more: that would hold the request twice as long.
      if (!(error instanceof SessionStoreError) || error.cause === undefined) throw error;
      hasEnded = await this.#endInSteps(id, version);
    }
    if (hasEnded) this.#runtime.endings.ended(id);
    return hasEnded;
  }

  async #endAtOnce(id: string, version: number): Promise<boolean> {
    const { destroyVersion } = this.#store;
    if (destroyVersion !== undefined) return destroyVersion.call(this.#store, id, version);
    if (
      !(await this.#store.write(id, this.#placeholder(endedPayload(this.#runtime.serializer), version + 1)))
    )
      return false;
    await this.#store.destroy(id);
    return true;
  }

  async #endInSteps(id: string, version: number): Promise<boolean> {
    const record = await this.#store.read(id);
    // What was to remove it may have arrived, and only its answer not.
    if (record === null) return true;
    const { kind } = parsePayload(record.payload, this.#runtime.serializer);
    if (kind === 'moved' || (kind === 'session' && record.version !== version)) return false;
    await this.#store.destroy(id);
    return true;
  }

  /**
   * Removes a session for good, wherever it has moved to.
   *
   * @param version the last one known of its record; null where none is
   * @param until in a ledger: how long the cookie may be good that holds it; epoch ms. Default: as long as any may
   * @returns false where there was none any more
   */
  async end(
    id: string,
    version: number | null,
    until = this.#runtime.lifetimes.longestExpiry(),
  ): Promise<boolean> {
    return this.#end(id, version, this.#isLedger ? until : null);
  }

  /** @param until null where no cookie can hold it */
  async #end(id: string, version: number | null, until: number | null): Promise<boolean> {
    const ended = await this.#queue.run(id, async (turn) => {
      const known = turn.newest?.kind === 'record' ? turn.newest.record.version : version;
      const outcome = await this.#endHere(id, known, until);
      turn.newest = outcome.kind === 'moved' ? outcome : { kind: 'gone' };
      return outcome;
    });
    const { endings, watched } = this.#runtime;
    if (ended.kind === 'ended') {
      endings.ended(id);
      return true;
    }
    if (ended.kind === 'gone') {
      // Another process may have ended it, and those who watch it here not know it yet.
      watched.ended(id);
      return false;
    }
    const isOfCookie = ended.version === IN_PLACE_OF_COOKIE;
    const found = await this.#end(
      ended.to,
      null,
      isOfCookie ? this.#runtime.lifetimes.longestExpiry() : null,
    );
    // The redirect last: where the store fails before, the session can still be found and ended from here.
    if (!isOfCookie) await this.#store.destroy(id);
    return found;
  }

  /** Removes what lies under an id, at whatever version it is. A redirect stays. */
  async #endHere(id: string, known: number | null, until: number | null): Promise<Ended> {
    let version = known === HELD_BY_COOKIE ? null : known;
    if (version === null && until !== null && (await this.#placeTombstone(id, until)))
      return { kind: 'ended' };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (version !== null && (await this.endVersion(id, version))) return { kind: 'ended' };
      const record = await this.#store.read(id);
      if (record === null) return { kind: 'gone' };
      const parsed = parsePayload(record.payload, this.#runtime.serializer);
      if (parsed.kind === 'moved') return { ...parsed, version: record.version };
      if (parsed.kind !== 'session') {
        const isOfCookie = parsed.kind === 'ended' && record.version === IN_PLACE_OF_COOKIE;
        if (!isOfCookie) await this.#store.destroy(id);
        return { kind: 'gone' };
      }
      version = record.version;
    }
    throw this.#runtime.faults.contention('destroyed');
  }

  /** @returns false where there is a record, or was one */
  async #placeTombstone(id: string, until: number): Promise<boolean> {
    const payload = endedPayload(this.#runtime.serializer);
    const tombstone = this.#placeholder(payload, IN_PLACE_OF_COOKIE, until);
    try {
      return await this.#store.write(id, tombstone);
    } catch (error) {
      // Ending a session needs no room: then the browser's cookie expires, and this process remembers it for as long as it does.
      if (!isFull(error)) throw error;
      return (await this.#store.read(id)) === null;
    }
  }

  #placeholder(payload: string, version: number, until = 0): SessionRecord {
    const now = this.#runtime.clock.now();
    return {
      payload,
      expiresAt: Math.max(until, now + REDIRECT_MS),
      version,
      lastActivity: now,
      ...NOBODY,
    };
  }
}
