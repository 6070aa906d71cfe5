import { setImmediate as nextTurn } from 'node:timers/promises';
import { handleOf } from '../../crypto/handle.js';
import type { SessionRecord } from '../../drivers/driver.js';
import type { SessionEnd } from '../../events/session-events.js';
import type { Payload } from '../../state/payload.js';
import { publishEnded } from '../publish-events.js';
import type { RecordFinder } from '../records/record-finder.js';
import type { RecordRemover } from '../records/record-remover.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { RecordStore } from '../../drivers/record-store.js';

/**
 * How many sessions are ended at a time. One by one would take a store round trip each; too many at once
 * would take all connections of a pool, or all threads of the file system, from other requests.
 */
const ENDED_AT_ONCE = 8;

/** A live session of a user. */
export interface UserSession {
  readonly id: string;
  readonly handle: string;
  readonly record: SessionRecord;
  readonly payload: Payload;
  /**
   * The stored versions of the session, by id: two while it moves from one id to the other, and leftovers of
   * processes that died during a move. All of them have to end to end the session.
   */
  readonly versions: ReadonlyMap<string, number>;
}

/** Gets each session as soon as it has ended. */
type OnEnded = (session: UserSession) => void;

const ignore: OnEnded = () => undefined;

/** A page of a user's sessions, and where the next page begins. */
export interface UserSessionPage {
  /** In no order. */
  readonly sessions: readonly UserSession[];
  /** Null on the last page. */
  readonly next: NextPage | null;
}

/** The position of the next page. */
export interface NextPage {
  /** The store's own cursor. */
  readonly cursor: string;
  /** When the first page was read, in epoch ms. */
  readonly begun: number;
}

/** A store that can list a user's records. */
type UserStore = RecordStore & Required<Pick<RecordStore, 'listByUser'>>;

/**
 * The sessions of a user, wherever they have moved to. The store returns them in pages, and each page is read
 * in a turn of the event loop of its own, so that ten thousand sessions do not block other requests.
 */
export class UserSessions {
  readonly #store: UserStore;
  readonly #finder: RecordFinder;
  readonly #remover: RecordRemover;
  readonly #runtime: SessionRuntime;

  constructor(store: UserStore, finder: RecordFinder, remover: RecordRemover, runtime: SessionRuntime) {
    this.#store = store;
    this.#finder = finder;
    this.#remover = remover;
    this.#runtime = runtime;
  }

  /**
   * All sessions, in no order. A session that moves meanwhile is found under its old id or its new one; if
   * under both, the newer counts.
   */
  async list(userId: string): Promise<readonly UserSession[]> {
    const found = new Map<string, UserSession>();
    for (let next: NextPage | null = null; ;) {
      const page: UserSessionPage = await this.#read(userId, next, -Infinity);
      for (const session of page.sessions) put(found, session);
      ({ next } = page);
      if (next === null) return [...found.values()];
      await nextTurn();
    }
  }

  /**
   * The sessions of the store's next page that has any.
   *
   * A session that moved before the first page was read keeps its new id throughout the pages, and is found
   * there. One that moves later is found under its old id too, as its new id may be on a page already read.
   *
   * @param from `next` of the page before; null for the first
   */
  async page(userId: string, from: NextPage | null): Promise<UserSessionPage> {
    const begun = from?.begun ?? this.#runtime.clock.now();
    for (let next = from; ;) {
      const page = await this.#read(userId, next, begun);
      if (page.sessions.length > 0 || page.next === null) return page;
      ({ next } = page);
      await nextTurn();
    }
  }

  /**
   * Ends the session with a handle, if it is the user's.
   *
   * @returns false if the user has no session with that handle any more
   */
  async end(userId: string, handle: string, onEnded = ignore): Promise<boolean> {
    const sessions = (await this.list(userId)).filter((each) => each.handle === handle);
    return (await this.endAllFound(sessions, 'manager', onEnded)) > 0;
  }

  /**
   * Ends all sessions but one.
   *
   * @returns how many
   */
  async endAll(userId: string, except: string | null, onEnded = ignore): Promise<number> {
    const sessions = (await this.list(userId)).filter(({ handle }) => handle !== except);
    return this.endAllFound(sessions, 'manager', onEnded);
  }

  /**
   * Ends listed sessions, a few at a time. Each ends by itself; after a failure, no more are started.
   *
   * @returns how many; sessions that had already ended are not counted
   */
  async endAllFound(sessions: readonly UserSession[], reason: SessionEnd, onEnded = ignore): Promise<number> {
    let ended = 0;
    const end = async (session: UserSession): Promise<void> => {
      if (!(await this.endFound(session, reason))) return;
      ended += 1;
      onEnded(session);
    };
    for (let at = 0; at < sessions.length; at += ENDED_AT_ONCE) {
      await Promise.all(sessions.slice(at, at + ENDED_AT_ONCE).map(end));
      await nextTurn();
    }
    return ended;
  }

  /** Ends a listed session. False if it had already ended. */
  async endFound(session: UserSession, reason: SessionEnd): Promise<boolean> {
    let hasEnded = false;
    for (const [id, version] of session.versions)
      hasEnded = (await this.#remover.end(id, version)) || hasEnded;
    const { handle, payload } = session;
    if (hasEnded) publishEnded(this.#runtime, { handle, begun: payload.c, isUsers: true }, reason);
    return hasEnded;
  }

  /** @param movedSince sessions that moved before this are not looked for under their old id; epoch ms */
  async #read(userId: string, from: NextPage | null, movedSince: number): Promise<UserSessionPage> {
    const page = await this.#store.listByUser(userId, from?.cursor ?? null);
    const found = new Map<string, UserSession>();
    for (const { id, ...record } of page.records) {
      const session = await this.#sessionOf(userId, id, record, movedSince);
      if (session !== null) put(found, session);
    }
    const { cursor } = page;
    return { sessions: [...found.values()], next: cursor === null ? null : { cursor, begun: movedSince } };
  }

  /** Null if the record is no session of this user: it has ended or moved to another user, or cannot be read. */
  async #sessionOf(
    userId: string,
    id: string,
    record: SessionRecord,
    movedSince: number,
  ): Promise<UserSession | null> {
    const found = this.#finder.judge(id, record);
    if (found.kind === 'moved' && record.lastActivity < movedSince) return null;
    const latest = await this.#finder.latestFrom(found);
    if (latest === null || latest.record.userId !== userId) return null;
    if (this.#runtime.lifetimes.isOverAge(latest.payload)) return null;
    const { payload } = latest;
    const versions = new Map([[latest.id, latest.record.version]]);
    return { ...latest, handle: handleOf(latest.id, payload.h), versions };
  }
}

function put(found: Map<string, UserSession>, session: UserSession): void {
  const known = found.get(session.handle);
  found.set(session.handle, known === undefined ? session : together(session, known));
}

/** Merges two finds of one session: the newer one counts, with the older versions first. */
function together(one: UserSession, other: UserSession): UserSession {
  const [newer, older] = other.payload.n <= one.payload.n ? [one, other] : [other, one];
  return { ...newer, versions: new Map([...older.versions, ...newer.versions]) };
}

/** Whether a store can list a user's records. */
export function knowsUsers(store: RecordStore): store is UserStore {
  return store.listByUser !== undefined;
}
