import { setImmediate as nextTurn } from 'node:timers/promises';
import { handleOf } from '../../crypto/handle.js';
import type { SessionRecord } from '../../drivers/driver.js';
import type { SessionEnd } from '../../events/session-events.js';
import type { Payload } from '../../state/payload.js';
import type { Lifetimes } from '../lifetimes.js';
import type { RecordFinder } from '../records/record-finder.js';
import type { RecordRemover } from '../records/record-remover.js';
import type { RecordStore } from '../../drivers/record-store.js';

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
  readonly #hasEnded: (session: UserSession, reason: SessionEnd) => void;

  /** @param hasEnded told once of each session that was ended here */
  constructor(
    store: UserStore,
    finder: RecordFinder,
    remover: RecordRemover,
    lifetimes: Lifetimes,
    hasEnded: (session: UserSession, reason: SessionEnd) => void,
  ) {
    this.#store = store;
    this.#finder = finder;
    this.#remover = remover;
    this.#lifetimes = lifetimes;
    this.#hasEnded = hasEnded;
  }

  /**
   * All of them, in no order. One that moves meanwhile is found under its old id or its new one, and where it is under both,
   * the newer counts.
   */
  async list(userId: string): Promise<readonly UserSession[]> {
    const found = new Map<string, UserSession>();
    for (let cursor: string | null = null; ;) {
      const page: Awaited<ReturnType<UserStore['listByUser']>> = await this.#store.listByUser(userId, cursor);
      for (const { id, ...record } of page.records) {
        const session = await this.#sessionOf(userId, id, record);
        if (session === null) continue;
        const known = found.get(session.handle);
        found.set(session.handle, known === undefined ? session : together(session, known));
      }
      ({ cursor } = page);
      if (cursor === null) return [...found.values()];
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
    let ended = 0;
    for (const session of await this.list(userId)) {
      if (session.handle !== except && (await this.endFound(session, 'manager'))) ended += 1;
    }
    return ended;
  }

  /** Ends one of those that were listed. False where it has ended meanwhile. */
  async endFound(session: UserSession, reason: SessionEnd): Promise<boolean> {
    let hasEnded = false;
    for (const [id, version] of session.versions)
      hasEnded = (await this.#remover.end(id, version)) || hasEnded;
    if (hasEnded) this.#hasEnded(session, reason);
    return hasEnded;
  }

  /** Null for what is no session of the user's: it has ended or moved to another user, or cannot be read. */
  async #sessionOf(userId: string, id: string, record: SessionRecord): Promise<UserSession | null> {
    const found = this.#finder.judge(record);
    if (found.kind === 'moved') {
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

/** Of one session, found twice: the newer, with what is stored of the other before its own. */
function together(one: UserSession, other: UserSession): UserSession {
  const [newer, older] = other.payload.n <= one.payload.n ? [one, other] : [other, one];
  return { ...newer, versions: new Map([...older.versions, ...newer.versions]) };
}

/** Whether a store knows whose its records are. */
export function knowsUsers(store: RecordStore): store is UserStore {
  return store.listByUser !== undefined;
}
