import { setImmediate as nextTurn } from 'node:timers/promises';
import { handleOf } from '../../crypto/handle.js';
import type { Clock } from '../../drivers/clock.js';
import type { SessionRecord } from '../../drivers/driver.js';
import type { SessionEnd } from '../../events/session-events.js';
import type { Payload } from '../../state/payload.js';
import type { Lifetimes } from '../lifetimes.js';
import type { RecordFinder } from '../records/record-finder.js';
import type { RecordRemover } from '../records/record-remover.js';
import type { SessionRuntime } from '../session-runtime.js';
import type { RecordStore } from '../../drivers/record-store.js';

/**
 * How many sessions are ended at a time: to wait for one after the other takes a store's whole time to answer for each, and many
 * at once would take all connections of a pool, or all threads of the file system, from the requests of others.
 */
const ENDED_AT_ONCE = 8;

/** A live session of a user. */
export interface UserSession {
  readonly id: string;
  readonly handle: string;
  readonly record: SessionRecord;
  readonly payload: Payload;
  /**
   * The versions of all that is stored of it, by their ids: two while it moves from one to the other, and what processes have left
   * that died over that. To end it, all of them have to end.
   */
  readonly versions: ReadonlyMap<string, number>;
}

/** Some of a user's sessions, and where the others begin. */
export interface UserSessionPage {
  /** In no order. */
  readonly sessions: readonly UserSession[];
  /** Null where these were the last. */
  readonly next: NextPage | null;
}

/** Where the sessions of a user go on. */
export interface NextPage {
  /** The store's own. */
  readonly cursor: string;
  /** When the first page was read, in epoch ms. */
  readonly begun: number;
}

/** A store that knows whose its records are. */
type UserStore = RecordStore & Required<Pick<RecordStore, 'listByUser'>>;

/**
 * The sessions of a user, wherever they have moved to. The store is asked for pages of them, and a page is read between
 * two turns of the event loop: ten thousand sessions hold nobody up.
 */
export class UserSessions {
  readonly #store: UserStore;
  readonly #finder: RecordFinder;
  readonly #remover: RecordRemover;
  readonly #lifetimes: Lifetimes;
  readonly #clock: Clock;
  readonly #publishEnded: (session: UserSession, reason: SessionEnd) => void;

  /** @param publishEnded called once for each session that was ended here */
  constructor(
    store: UserStore,
    finder: RecordFinder,
    remover: RecordRemover,
    { lifetimes, clock }: Pick<SessionRuntime, 'lifetimes' | 'clock'>,
    publishEnded: (session: UserSession, reason: SessionEnd) => void,
  ) {
    this.#store = store;
    this.#finder = finder;
    this.#remover = remover;
    this.#lifetimes = lifetimes;
    this.#clock = clock;
    this.#publishEnded = publishEnded;
  }

  /**
   * All of them, in no order. One that moves meanwhile is found under its old id or its new one, and where it is under both,
   * the newer counts.
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
   * Some of them: those of the store's next page that has any.
   *
   * What had moved before the first page was read stands under its new id from the first page to the last, and is found there. What
   * moves later is found under its old id too: its new one may have its place on a page that was read before.
   *
   * @param from what the page before answered; null for the first
   */
  async page(userId: string, from: NextPage | null): Promise<UserSessionPage> {
    const begun = from?.begun ?? this.#clock.now();
    for (let next = from; ;) {
      const page = await this.#read(userId, next, begun);
      if (page.sessions.length > 0 || page.next === null) return page;
      ({ next } = page);
      await nextTurn();
    }
  }

  /**
   * Ends the session of a handle, if it is the user's.
   *
   * @returns false where he has none of that handle any more
   */
  async end(userId: string, handle: string): Promise<boolean> {
    const session = (await this.list(userId)).find((each) => each.handle === handle);
    return session !== undefined && this.endFound(session, 'manager');
  }

  /**
   * Ends all of them but one.
   *
   * @returns how many
   */
  async endAll(userId: string, except: string | null): Promise<number> {
    const sessions = await this.list(userId);
    return this.endAllFound(
      sessions.filter(({ handle }) => handle !== except),
      'manager',
    );
  }

  /**
   * Ends those that were listed, a few at a time. Each ends by itself: where one cannot be ended, no more are begun.
   *
   * @returns how many; not those that have ended meanwhile
   */
  async endAllFound(sessions: readonly UserSession[], reason: SessionEnd): Promise<number> {
    let ended = 0;
    for (let at = 0; at < sessions.length; at += ENDED_AT_ONCE) {
      const some = sessions.slice(at, at + ENDED_AT_ONCE);
      const outcomes = await Promise.all(some.map((session) => this.endFound(session, reason)));
      ended += outcomes.filter((hasEnded) => hasEnded).length;
      await nextTurn();
    }
    return ended;
  }

  /** Ends one of those that were listed. False where it has ended meanwhile. */
  async endFound(session: UserSession, reason: SessionEnd): Promise<boolean> {
    let hasEnded = false;
    for (const [id, version] of session.versions)
      hasEnded = (await this.#remover.end(id, version)) || hasEnded;
    if (hasEnded) this.#publishEnded(session, reason);
    return hasEnded;
  }

  /** @param movedSince what moved before that is not looked for under its old id; epoch ms */
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

  /** Null for what is no session of the user's: it has ended or moved to another user, or cannot be read. */
  async #sessionOf(
    userId: string,
    id: string,
    record: SessionRecord,
    movedSince = -Infinity,
  ): Promise<UserSession | null> {
    const found = this.#finder.judge(id, record);
    if (found.kind === 'moved') {
      if (record.lastActivity < movedSince) return null;
      const next = await this.#store.read(found.to);
      return next === null ? null : this.#sessionOf(userId, found.to, next);
    }
    if (found.kind === 'gone' || record.userId !== userId || this.#lifetimes.isOverAge(found.payload))
      return null;
    const { payload } = found;
    const versions = new Map([[id, record.version]]);
    return { id, handle: payload.h ?? handleOf(id), record, payload, versions };
  }
}

function put(found: Map<string, UserSession>, session: UserSession): void {
  const known = found.get(session.handle);
  found.set(session.handle, known === undefined ? session : together(session, known));
}

/** Of one session, found twice: the newer, with what is stored of the other before its own. */
function together(one: UserSession, other: UserSession): UserSession {
  const [newer, older] = other.payload.n <= one.payload.n ? [one, other] : [other, one];
  return { ...newer, versions: new Map([...older.versions, ...newer.versions]) };
}

/** Whether a store knows whose its records are. */
export function knowsUsers(store: RecordStore): store is UserStore {
  return store.listByUser !== undefined;
}
