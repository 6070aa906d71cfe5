import { randomId } from '../../crypto/random-id.js';
import { isFull } from '../../drivers/guard/full-store.js';
import { SessionStoreError } from '../../session.errors.js';
import { SessionLimitError } from '../../session.exception.js';
import { rememberRecord } from '../../state/recent-payloads.js';
import type { ActiveSession } from '../active-session.js';
import type { TurnQueue, Turn } from './turn-queue.js';
import { MAX_ATTEMPTS } from '../consistency-errors.js';
import { type PendingWrite, isOwn, pack, writeOwn } from './pending-write.js';
import { HELD_BY_COOKIE, type BaseVersion } from '../phase.js';
import { type Found, GONE, type RecordFinder, STORED } from './record-finder.js';
import type { RecordRemover } from './record-remover.js';
import type { RecordStore } from '../../drivers/record-store.js';
import type { SessionLimit } from '../users/session-limit.js';
import { publishEnded, subjectOf } from '../publish-events.js';

/** After this many collisions in a row, a write pauses before each further attempt. */
const PATIENT_ATTEMPTS = 3;

const LET_GO = { kind: 'let-go' } as const;

/** The record under the new id is gone, and the session has not moved there yet. */
const LOST = { kind: 'lost' } as const;

/** The outcome of one turn at a record. `let-go` means that the request invalidated the session meanwhile. */
type Outcome = typeof STORED | typeof GONE | typeof LET_GO | { readonly kind: 'moved'; readonly to: string };

/**
 * Stores sessions as records. A write names the version that was read. If another request wrote first, this
 * request's changes are replayed on the newest record. See docs/parallel.md.
 */
export class MergingWriter {
  readonly #store: RecordStore;
  readonly #queue: TurnQueue;
  readonly #finder: RecordFinder;
  readonly #remover: RecordRemover;
  readonly #wait: (ms: number) => Promise<unknown>;
  readonly #limit: SessionLimit | null;

  /**
   * @param wait waits some ms
   * @param limit the limit of sessions per user; null for none
   */
  constructor(
    store: RecordStore,
    queue: TurnQueue,
    finder: RecordFinder,
    remover: RecordRemover,
    wait: (ms: number) => Promise<unknown>,
    limit: SessionLimit | null,
  ) {
    this.#store = store;
    this.#queue = queue;
    this.#finder = finder;
    this.#remover = remover;
    this.#wait = wait;
    this.#limit = limit;
  }

  /** @throws SessionStoreError, SessionValueError, SessionLimitError */
  async write(session: ActiveSession): Promise<void> {
    for (let moves = 0; moves < MAX_ATTEMPTS; moves += 1) {
      const { base } = session;
      if (base === null) return this.#create(session);
      const outcome = await this.#queue.run(base.id, (turn) => this.#merge(session, base, turn));
      if (outcome.kind === 'stored') return;
      // Removes what was stored under a new id, before anybody can find it, unless the session has moved there.
      await this.#remover.removeUnshared(session, outcome.kind === 'moved' ? outcome.to : null);
      if (outcome.kind === 'let-go') return;
      if (outcome.kind === 'gone' || !(await this.#followOrPart(session, base, outcome.to))) {
        session.drop();
        return;
      }
    }
    throw session.runtime.faults.contention('stored');
  }

  /** Continues after another request moved the session: follows it, or separates from it. */
  async #followOrPart(session: ActiveSession, { version }: BaseVersion, to: string): Promise<boolean> {
    if (await this.#finder.follow(session, to)) return true;
    // With a ledger, it may have moved from one sealed cookie to another: there is no record to follow. A
    // sign-in can begin a session of its own.
    if (version !== HELD_BY_COOKIE || session.signsIn === null || (await this.#store.read(to)) !== null)
      return false;
    session.separate();
    return true;
  }

  async #create(session: ActiveSession): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const write = (session.pending ??= pack(session));
      let found: Found | typeof STORED | typeof LOST;
      try {
        found = await this.#send(session, write);
      } catch (error) {
        if (!session.hasEnded || !isBlank(write) || !isFull(error)) throw error;
        // A blank session can be lost: it begins with the next change, or in a later request. The old record
        // is already removed, so a sign-out has succeeded.
        return session.onStored(write.draft, null, false);
      }
      if (found.kind === 'stored') return;
      // The id is taken. With 256 random bits, only an id that the application chose can be. The other
      // session is left alone.
      if (session.id === write.id) session.rotate(randomId());
    }
    throw session.runtime.faults.contention('stored');
  }

  /** Takes one turn in the queue: retries until the changes are on top of the newest version. */
  async #merge(
    session: ActiveSession,
    { id, version, expiresAt }: BaseVersion,
    turn: Turn,
  ): Promise<Outcome> {
    // If the answer to an earlier write got lost, ask the store: that write may have arrived before the other
    // request's.
    const newest = session.pending === null ? turn.newest : null;
    if (newest !== null && newest.kind !== 'record') return newest;
    if (newest !== null && newest.record.version > version) {
      const found = this.#finder.judge(id, newest.record);
      if (found.kind !== 'record') return found;
      session.rebase(found.record, found.payload);
    }
    // If its record has expired, another process may have put a tombstone under its id since.
    const isRecord = newest === null && version !== HELD_BY_COOKIE;
    const hasExpired = isRecord && expiresAt <= session.runtime.clock.now();
    if (hasExpired && (await this.#finder.find(id)).kind === 'gone') return GONE;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (attempt > PATIENT_ATTEMPTS) await this.#wait(pauseBefore(attempt));
      // The request invalidated it while others wrote it: store nothing more of it.
      if (session.phase === 'ending') return LET_GO;
      const write = (session.pending ??= pack(session));
      const found = await this.#send(session, write);
      if (found.kind === 'stored') {
        turn.newest =
          write.from === null ? { kind: 'record', record: write.record } : { kind: 'moved', to: write.id };
        return found;
      }
      if (found.kind === 'lost') continue;
      if (found.kind !== 'record') {
        turn.newest = found;
        return found;
      }
      session.rebase(found.record, found.payload);
    }
    throw session.runtime.faults.contention('stored');
  }

  /**
   * Replaces the version that was read, or moves the session.
   *
   * @returns `STORED`, or `LOST`, or what was found in place of that version
   */
  async #send(session: ActiveSession, write: PendingWrite): Promise<typeof STORED | typeof LOST | Found> {
    const { id, record, from, draft } = write;
    session.attempts += 1;
    let found: typeof STORED | typeof LOST | Found;
    try {
      if (from !== null) found = await this.#move(session, write, from);
      else found = (await this.#store.write(id, record)) ? STORED : await this.#whatRefused(write);
      if (this.#limit !== null && from === null && found.kind === 'stored')
        await this.#limit.assertRoom(session, record.userId);
    } catch (error) {
      // Keep the write for a retry only if it may have arrived.
      if (error instanceof SessionStoreError) write.unconfirmed = true;
      else session.pending = null;
      if (error instanceof SessionLimitError) await this.#takeBack(session, write);
      throw error;
    }
    if (found.kind === 'stored') {
      rememberRecord(id, record.version, draft);
      session.onStored(draft, { id, version: record.version, expiresAt: record.expiresAt }, write.cookieDue);
      return found;
    }
    const replacing = from === null ? record.version : from.version + 1;
    // One version further: that is the write that overtook ours. More: ours may lie beneath.
    if (write.unconfirmed && versionOf(found) > replacing) throw session.runtime.faults.unconfirmedWrite();
    session.pending = null;
    return found;
  }

  /**
   * Moves a session to a new id: stores its record there, then leaves a redirect under the old one for requests
   * under way. In between, nobody else knows the new id, so a failed move can be undone.
   *
   * @returns `STORED`; or `LOST` if its record was removed again before the session had moved there, as another
   * process ended all sessions of the user; or what was found under the old id in place of that version
   * @throws SessionLimitError if the session is one too many for its user
   */
  async #move(
    session: ActiveSession,
    write: PendingWrite,
    from: BaseVersion,
  ): Promise<typeof STORED | typeof LOST | Found> {
    const { id, record } = write;
    if (!write.newRecordStored) {
      await this.#remover.removeUnshared(session, id);
      if (!(await writeOwn(this.#store, id, record))) {
        session.unsharedRecord = null;
        session.rotate(randomId());
        return LOST;
      }
      session.unsharedRecord = { id, version: record.version };
      await this.#limit?.assertRoom(session, record.userId);
      write.newRecordStored = true;
    }
    return this.#remover.redirect(session, from, id, record.userId);
  }

  /** Takes back a stored session that is one too many for its user. */
  async #takeBack(session: ActiveSession, { id, record, from }: PendingWrite): Promise<void> {
    if (from !== null) return this.#remover.removeUnshared(session);
    const subject = subjectOf(session);
    if (await this.#remover.endInTurn(id, record.version)) publishEnded(session.runtime, subject, 'limit');
    if (session.base !== null) session.drop();
  }

  async #whatRefused({ id, record }: PendingWrite): Promise<typeof STORED | Found> {
    const stored = await this.#store.read(id);
    return isOwn(stored, record) ? STORED : this.#finder.judge(id, stored);
  }
}

/** Whether losing this write of a new session loses no data. */
function isBlank({ draft: { payload } }: PendingWrite): boolean {
  return Object.keys(payload.d).length === 0 && payload.f === undefined && payload.t === undefined;
}

function versionOf(found: Found | typeof LOST): number {
  if (found.kind === 'gone' || found.kind === 'lost') return 0;
  return found.kind === 'record' ? found.record.version : found.version;
}

/** A random pause in ms that grows with the attempts, so that colliding processes do not collide again at once. */
function pauseBefore(attempt: number): number {
  return Math.random() * Math.min(20, 2 ** (attempt - PATIENT_ATTEMPTS));
}
