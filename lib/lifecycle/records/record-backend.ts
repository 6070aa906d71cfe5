import { handleOf } from '../../crypto/handle.js';
import type { TokenKind } from '../../crypto/keyring.js';
import type { ForeignSession } from '../taking-over/session-source.js';
import { SessionLimitError } from '../../session.exception.js';
import type { Payload } from '../../state/payload.js';
import type { ActiveSession } from '../active-session.js';
import type { CachingStore } from './caching-store.js';
import type { TurnQueue } from './turn-queue.js';
import type { TakenOver } from '../taking-over/taken-over.js';
import type { BaseVersion } from '../phase.js';
import type { KnownFate } from '../recent-fates.js';
import { type FoundRecord, RecordFinder } from './record-finder.js';
import { RecordRemover } from './record-remover.js';
import { RecordRenewal } from './record-renewal.js';
import type { RecordStore } from '../../drivers/record-store.js';
import { RecordTakeOver } from '../taking-over/record-take-over.js';
import { MergingWriter } from './merging-writer.js';
import type { SessionBackend } from '../session-backend.js';
import { SessionLimit } from '../users/session-limit.js';
import type { SessionRuntime } from '../session-runtime.js';
import { type EventSubject, publishEnded, subjectOfPayload } from '../publish-events.js';
import { UserSessions, knowsUsers } from '../users/user-sessions.js';
import type { Locate } from '../watching/watch.js';

/** How to recognize a session that has ended. */
export interface EndedSession {
  /** Stays the same when the session moves; null if it is not known, as only a cookie held the session. */
  readonly handle: string | null;
  /** The ids that it is known to have had; needed where the handle may not be known. */
  readonly ids?: ReadonlySet<string>;
}

const NOTHING_ENDED: EndedSession = { handle: null };

/** Keeps sessions as records in a store; their ids travel in the cookie. */
export class RecordBackend implements SessionBackend {
  readonly runtime: SessionRuntime;
  readonly records = this;
  readonly tokenKinds: readonly TokenKind[] = ['signed'];
  readonly store: RecordStore;
  readonly remover: RecordRemover;
  readonly finder: RecordFinder;
  /** Null if the store cannot list a user's records. */
  readonly users: UserSessions | null;
  readonly #writer: MergingWriter;
  readonly #renewal: RecordRenewal;
  /** Caches a ledger's answers for loads; null if each load asks the store. */
  readonly cache: CachingStore | null;
  /** Reads records for loads: possibly cached ones. */
  readonly reader: Pick<RecordStore, 'read'>;
  readonly #takeOver: RecordTakeOver;
  /** Null if the number of sessions per user is unlimited. */
  readonly #limit: SessionLimit | null;

  /**
   * @param queue shared by everything that writes to this store in this process
   * @param wait waits some ms
   * @param ledger given if cookies may hold sessions too and the store is their ledger; its `cache` serves
   * loads. Null: no ledger
   */
  constructor(
    runtime: SessionRuntime,
    store: RecordStore,
    queue: TurnQueue,
    wait: (ms: number) => Promise<unknown>,
    ledger: { readonly cache: CachingStore | null } | null = null,
  ) {
    this.runtime = runtime;
    this.store = store;
    this.cache = ledger?.cache ?? null;
    this.reader = this.cache ?? store;
    this.finder = new RecordFinder(store, runtime);
    this.remover = new RecordRemover(store, queue, this.finder, runtime, ledger !== null);
    this.users = knowsUsers(store) ? new UserSessions(store, this.finder, this.remover, runtime) : null;
    const { sessionsPerUser } = runtime;
    const isLimited = sessionsPerUser !== undefined && this.users !== null;
    this.#limit = isLimited ? new SessionLimit(sessionsPerUser, this.users) : null;
    this.#writer = new MergingWriter(store, queue, this.finder, this.remover, wait, this.#limit);
    this.#renewal = new RecordRenewal(store, this.finder, this.remover, this.#writer);
    this.#takeOver = new RecordTakeOver(runtime, store);
  }

  token(session: ActiveSession): string {
    return this.runtime.keyring.sign(session.id);
  }

  livesInCookie(): boolean {
    return false;
  }

  // ---- loading -------------------------------------------------------------------------------------------------

  loadByToken(session: ActiveSession, token: string): Promise<void> | void {
    const id = this.runtime.keyring.verify(token);
    if (id !== null) return this.loadById(session, id);
  }

  async takeOver(session: ActiveSession, foreign: ForeignSession): Promise<TakenOver | null> {
    const taken = await this.#takeOver.take(session, foreign);
    if (taken !== null) await this.loadById(session, taken.to);
    return taken;
  }

  async loadById(session: ActiveSession, id: string): Promise<void> {
    // A cached answer may predate the ending, so it does not prove that the id is in use again.
    const fate = this.cache === null ? this.runtime.fates.known(id) : undefined;
    let latest: FoundRecord | null = null;
    try {
      const found = this.finder.judge(id, await this.reader.read(id));
      if (found.kind === 'record') latest = found;
      else if (session.caller.followsMoves) latest = await this.finder.latestFrom(found);
      else if (found.kind === 'moved') session.becomeStale(found.to);
    } catch (error) {
      return session.degradeOn(error);
    }
    if (latest === null || this.runtime.lifetimes.isOverAge(latest.payload)) return;
    const { record, payload } = latest;
    if (fate !== undefined && latest.id === id) this.runtime.fates.forget(id, fate);
    const { version, expiresAt } = record;
    session.found({ id: latest.id, version, expiresAt }, payload, record.payload, record);
  }

  async reload(session: ActiveSession, base: BaseVersion): Promise<void> {
    let latest: FoundRecord | null = null;
    try {
      latest = await this.finder.latest(base.id);
    } catch (error) {
      session.degradeOn(error);
    }
    if (latest === null) return session.reloadedAsGone();
    const { id, record, payload } = latest;
    const { version, expiresAt } = record;
    session.reloaded({ id, version, expiresAt }, session.state.reloaded(payload, record.payload), record);
  }

  locate(): Locate {
    return this.finder.locate;
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  write(session: ActiveSession): Promise<void> {
    if (session.base !== null)
      return session.onlyRenewalDue ? this.#renewal.renew(session) : this.#write(session);
    const fate = this.runtime.fates.known(session.id);
    return fate === undefined ? this.#write(session) : this.#beginAgain(session, fate);
  }

  /** The id has ended before, and counts as ended until a record is stored under it. */
  async #beginAgain(session: ActiveSession, fate: KnownFate): Promise<void> {
    const { id } = session;
    await this.#write(session);
    if (session.base?.id === id) this.runtime.fates.forget(id, fate);
  }

  #write(session: ActiveSession): Promise<void> {
    return this.#limit === null ? this.#writer.write(session) : this.#writeWithin(this.#limit, session);
  }

  async #writeWithin(limit: SessionLimit, session: ActiveSession): Promise<void> {
    try {
      await limit.write(session, () => this.#writer.write(session));
    } catch (error) {
      if (!(error instanceof SessionLimitError)) throw error;
      // The application has invalidated the session meanwhile, and with it what was refused: the next step ends it.
      if (session.phase === 'ending') return;
      session.giveBack();
      throw error;
    }
  }

  async touch(session: ActiveSession): Promise<void> {
    await this.#renewal.extend(session, true);
  }

  /**
   * Removes a session for good, outside of a request.
   *
   * @param subjectOfCookie the subject of the event, by the ids of a session that only a cookie holds
   * @returns nothing to recognize any session by, if there was none any more
   */
  async end(
    id: string,
    subjectOfCookie: (ids: ReadonlySet<string>) => EventSubject | null = () => null,
  ): Promise<EndedSession> {
    const ids = new Set([id]);
    let handle: (() => string) | null = null;
    let subject: EventSubject | null = null;
    const existed = await this.remover.end(id, null, undefined, (current, payload) => {
      ids.add(current);
      if (payload === null) return;
      handle = () => handleOf(current, payload.h);
      subject = subjectOfPayload(current, payload, this.runtime.userKey);
    });
    if (!existed) return NOTHING_ENDED;
    publishEnded(this.runtime, subject ?? subjectOfCookie(ids), 'manager');
    return {
      ids,
      // Derived only if it is asked for.
      get handle() {
        return handle?.() ?? null;
      },
    };
  }

  async remove(session: ActiveSession): Promise<boolean> {
    const { removable } = session;
    // Another request may have signed in or out since it was loaded.
    const seen = (id: string, payload: Payload | null): void => {
      if (payload !== null) session.endedSubject = subjectOfPayload(id, payload, this.runtime.userKey);
    };
    // Until when the cookie that holds it may be valid; undefined if unknown.
    const until = session.base === null ? undefined : session.cookieUntil;
    const existed =
      removable !== null && (await this.remover.end(removable.id, removable.version, until, seen));
    await this.remover.removeUnshared(session);
    return existed;
  }
}
