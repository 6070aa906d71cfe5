import { randomId } from '../../crypto/random-id.js';
import type { SessionRecord } from '../../drivers/driver.js';
import { isFull } from '../../drivers/guard/full-store.js';
import { isUnanswered } from '../../drivers/guard/store-guard.js';
import { SessionStoreError } from '../../session.errors.js';
import { type Payload, endedPayload, movedPayload, parsePayload } from '../../state/payload.js';
import type { ActiveSession } from '../active-session.js';
import type { TurnQueue } from './turn-queue.js';
import { MAX_ATTEMPTS } from '../consistency-errors.js';
import { NOBODY } from '../caller.js';
import { HELD_BY_COOKIE, type BaseVersion } from '../phase.js';
import { type Found, type FoundRecord, type RecordFinder, STORED } from './record-finder.js';
import { REDIRECT_MS, UNDER_WAY_MS } from '../lifetimes.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { SessionRuntime } from '../session-runtime.js';

/** The version of the redirect or tombstone that replaces a session held by a cookie. */
const IN_PLACE_OF_COOKIE = HELD_BY_COOKIE + 1;

type Ended = { readonly kind: 'ended' } | Exclude<Found, FoundRecord>;

/** Gets each id of a session that is about to end, with the payload if it is stored there. */
type Seen = (id: string, payload: Payload | null) => void;

const ignore: Seen = () => undefined;

/**
 * Ends records that moved to another id or were destroyed. Both check the version: an unconditional removal
 * could remove the redirect of a parallel `regenerate` and leave its new record alive, which would undo a
 * logout. If a store cannot remove a version by itself (`destroyVersion`), a tombstone, which no other
 * request overwrites, replaces the record first.
 *
 * In a ledger there are also sessions without a record: those held by a cookie. When one ends or moves, the
 * tombstone or redirect is the first version under its id, and stays as long as such a cookie may be valid. It
 * must never follow a line, as a request that is based on the line's first version would replace it. So a
 * ledger does not remove lines: in place of one that ends, a tombstone stays for as long as requests take.
 */
export class RecordRemover {
  readonly #store: RecordStore;
  readonly #queue: TurnQueue;
  readonly #finder: RecordFinder;
  readonly #runtime: SessionRuntime;
  readonly #isLedger: boolean;

  /** @param isLedger whether there are sessions that a cookie holds, without a record */
  constructor(
    store: RecordStore,
    queue: TurnQueue,
    finder: RecordFinder,
    runtime: SessionRuntime,
    isLedger: boolean,
  ) {
    this.#store = store;
    this.#queue = queue;
    this.#finder = finder;
    this.#runtime = runtime;
    this.#isLedger = isLedger;
  }

  /**
   * Replaces a version by the redirect to the new id. The redirect is listed for the user like the record, so
   * a parallel reading of the list finds one or the other.
   *
   * @param from the version to move away from
   * @returns `STORED`, or what was found in place of that version
   */
  async redirect(
    { cookieUntil }: ActiveSession,
    { id, version }: BaseVersion,
    to: string,
    userId: string | null,
  ): Promise<typeof STORED | Found> {
    const { serializer, fates, watched } = this.#runtime;
    const payload = movedPayload(to, serializer);
    const isOfCookie = version === HELD_BY_COOKIE;
    const redirect = isOfCookie
      ? this.#placeholder(payload, IN_PLACE_OF_COOKIE, cookieUntil)
      : { ...this.#placeholder(payload, version + 1), userId };
    if (!(await this.#store.write(id, redirect))) {
      const found = await this.#finder.find(id);
      // The same write may have arrived before, with its answer lost.
      if (found.kind !== 'moved' || found.to !== to) return found;
    }
    // Until the session adopts the cookie of the new id (`SealedBackend.adopt`), the old cookie counts: then
    // only the watchers are notified.
    if (isOfCookie) watched.moved(id, to);
    else fates.noteMoved(id, to);
    return STORED;
  }

  /**
   * Removes a record if it is still at that version. If that fails although the store answers, falls back to
   * reading, comparing and removing in separate steps: better than a session that cannot be ended.
   *
   * @returns false if it is not at that version
   */
  async endVersion(id: string, version: number): Promise<boolean> {
    let hasEnded: boolean;
    try {
      hasEnded = await this.#endAtOnce(id, version);
    } catch (error) {
      // A store that does not answer at all is not asked again: the request would be held up twice as long.
      if (!(error instanceof SessionStoreError) || isUnanswered(error)) throw error;
      hasEnded = await this.#endInSteps(id, version);
    }
    if (hasEnded) this.#runtime.fates.noteEnded(id);
    return hasEnded;
  }

  async #endAtOnce(id: string, version: number): Promise<boolean> {
    const { destroyVersion } = this.#store;
    if (destroyVersion !== undefined && !this.#isLedger) return destroyVersion.call(this.#store, id, version);
    if (!(await this.#bury(id, version))) return false;
    if (!this.#isLedger) await this.#store.destroy(id);
    return true;
  }

  /** Replaces a version by a tombstone. False if it is not there. */
  #bury(id: string, version: number, until?: number): Promise<boolean> {
    const payload = endedPayload(this.#runtime.serializer);
    return this.#store.write(id, this.#placeholder(payload, version + 1, until));
  }

  async #endInSteps(id: string, version: number): Promise<boolean> {
    const record = await this.#store.read(id);
    // The removal may have arrived, with only its answer lost.
    if (record === null) return true;
    const { kind } = parsePayload(record.payload, this.#runtime.serializer);
    if ((kind === 'moved' || kind === 'session') && record.version !== version) return false;
    // The tombstones of a ledger stay until they expire.
    if (!this.#isLedger || kind !== 'ended') await this.#store.destroy(id);
    return true;
  }

  /**
   * Removes the record that a failed move left, or may have left, under its new id. The session gets another new
   * id: that one may have been listed among the user's sessions and ended, as processes remember.
   *
   * @param keep the id whose record stays, if it is that one
   */
  async removeUnshared(session: ActiveSession, keep: string | null = null): Promise<void> {
    const { unsharedId } = session;
    if (unsharedId === null || unsharedId === keep) return;
    await this.#store.destroy(unsharedId);
    session.unsharedRecord = null;
    if (session.id === unsharedId) session.rotate(randomId());
  }

  /**
   * Removes a session for good, wherever it has moved to.
   *
   * @param version the last known version of its record; null if unknown
   * @param until in a ledger: until when a cookie that holds the session may be valid; epoch ms. Default: as
   * long as any may; null if no cookie can hold it
   * @param seen gets what is stored where that version is not
   * @param moves how often it has moved so far
   * @returns false if there was none any more
   */
  async end(
    id: string,
    version: number | null,
    until: number | null = this.#runtime.lifetimes.longestExpiry(),
    seen: Seen = ignore,
    moves = 0,
  ): Promise<boolean> {
    if (moves === MAX_ATTEMPTS) throw this.#runtime.faults.endlessMoves();
    const ended = await this.#queue.run(id, async (turn) => {
      const known = turn.newest?.kind === 'record' ? this.#seenIn(turn.newest.record, id, seen) : version;
      const outcome = await this.#endHere(id, known, until, seen);
      turn.newest = outcome.kind === 'moved' ? outcome : { kind: 'gone' };
      return outcome;
    });
    return this.#endedOrMoved(id, ended, seen, moves);
  }

  /** The same for a caller whose turn at the record it is: `end` would wait for that turn. */
  async endInTurn(id: string, version: number): Promise<boolean> {
    return this.#endedOrMoved(id, await this.#endHere(id, version, null, ignore), ignore, 0);
  }

  async #endedOrMoved(id: string, ended: Ended, seen: Seen, moves: number): Promise<boolean> {
    const { watched, lifetimes } = this.#runtime;
    if (ended.kind === 'ended') return true;
    if (ended.kind === 'gone') {
      // Another process may have ended it without the watchers in this one knowing.
      watched.ended(id);
      return false;
    }
    seen(id, null);
    const isOfCookie = ended.version === IN_PLACE_OF_COOKIE;
    const until = isOfCookie ? lifetimes.longestExpiry() : null;
    const found = await this.end(ended.to, null, until, seen, moves + 1);
    // The redirect goes last: if the store fails before, the session can still be found and ended through it.
    if (!this.#isLedger) await this.#store.destroy(id);
    else if (!isOfCookie) await this.endVersion(id, ended.version);
    return found;
  }

  /** @returns the version of a record that this process has just written, and that nobody has to read */
  #seenIn({ payload, version }: SessionRecord, id: string, seen: Seen): number {
    const parsed = seen === ignore ? null : parsePayload(payload, this.#runtime.serializer);
    if (parsed?.kind === 'session') seen(id, parsed.payload);
    return version;
  }

  /** Removes the record under an id, whatever its version. A redirect stays. */
  async #endHere(id: string, known: number | null, until: number | null, seen: Seen): Promise<Ended> {
    let version = known === HELD_BY_COOKIE ? null : known;
    const mayBeInCookie = this.#isLedger && version === null && until !== null;
    if (mayBeInCookie && (await this.#placeTombstone(id, until))) {
      this.#runtime.fates.noteEnded(id);
      seen(id, null);
      return { kind: 'ended' };
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (version !== null && (await this.endVersion(id, version))) return { kind: 'ended' };
      const record = await this.#store.read(id);
      if (record === null) return { kind: 'gone' };
      const parsed = parsePayload(record.payload, this.#runtime.serializer);
      if (parsed.kind === 'moved') return { ...parsed, version: record.version };
      if (parsed.kind !== 'session') {
        if (!this.#isLedger || parsed.kind !== 'ended') await this.#store.destroy(id);
        return { kind: 'gone' };
      }
      version = record.version;
      seen(id, parsed.payload);
    }
    throw this.#runtime.faults.contention('destroyed');
  }

  /** @returns false if there is a record, or was one */
  async #placeTombstone(id: string, until: number): Promise<boolean> {
    try {
      return await this.#bury(id, HELD_BY_COOKIE, until);
    } catch (error) {
      // Ending a session must not need space: the browser's cookie expires, and this process remembers the
      // ending for as long as it remembers any.
      if (!isFull(error)) throw error;
      return (await this.#store.read(id)) === null;
    }
  }

  /** When a redirect or tombstone that is placed now expires, epoch ms. */
  untilForgotten(): number {
    return this.#runtime.clock.now() + (this.#isLedger ? UNDER_WAY_MS : REDIRECT_MS);
  }

  #placeholder(payload: string, version: number, until = 0): SessionRecord {
    const expiresAt = Math.max(until, this.untilForgotten());
    return { payload, expiresAt, version, lastActivity: this.#runtime.clock.now(), ...NOBODY };
  }
}
