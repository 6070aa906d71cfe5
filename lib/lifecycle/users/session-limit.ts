import { SessionStoreError } from '../../session.errors.js';
import { SessionLimitError } from '../../session.exception.js';
import { signedInAt } from '../../state/payload.js';
import type { ActiveSession } from '../active-session.js';
import type { CommitQueue } from '../records/commit-queue.js';
import type { Lifetimes } from '../lifetimes.js';
import { recordedUser } from './recorded-user.js';
import type { UserSession, UserSessions } from './user-sessions.js';

/** How many sessions a user may have, and what becomes of one more. */
export interface SessionsPerUser {
  readonly max: number;
  readonly when: 'end-oldest' | 'refuse';
  /** Serializes the sign-ins of each user in this process, so that two at once cannot both take the last place. */
  readonly turns: CommitQueue;
}

/**
 * Sees to it that no user has more sessions than he may. A session becomes one of his by the write that first names him.
 *
 * To refuse one, the others are counted before it is stored, and once more when it is: whichever process stores last sees
 * all others, so no two can both take the last place. Both may find it taken.
 *
 * To end the oldest, each counts when it is stored: the last one to do so sees them all. They are ranked by the time of
 * their sign-in, so of those that are made at once, in several processes, the latest stays.
 */
export class SessionLimit {
  readonly #limit: SessionsPerUser;
  readonly #users: UserSessions;
  readonly #lifetimes: Lifetimes;

  constructor(limit: SessionsPerUser, users: UserSessions, lifetimes: Lifetimes) {
    this.#limit = limit;
    this.#users = users;
    this.#lifetimes = lifetimes;
  }

  /**
   * Writes a session by `write`, and holds its user to the limit before and after.
   *
   * @throws SessionLimitError where it would be one too many, and is refused
   */
  async write(session: ActiveSession, write: () => Promise<void>): Promise<void> {
    const user = recordedUser(session.state.readonlyValues, session.runtime.userKey);
    if (user === null || user === session.storedUser) return write();
    await this.#limit.turns.run(user, () => this.#take(session, user, write));
  }

  async #take(session: ActiveSession, user: string, write: () => Promise<void>): Promise<void> {
    await this.assertRoom(session, user);
    await write();
    if (this.#limit.when === 'refuse') return;
    try {
      await this.#endOldest(user, session.handle);
    } catch (error) {
      // The store's guard has said so. The sign-in stands, and the next one ends those that are too many.
      if (!(error instanceof SessionStoreError)) throw error;
    }
  }

  /**
   * To be called when a record is stored, and before anybody is told of it.
   *
   * @param user that the record names
   * @throws SessionLimitError where it is to be taken back
   */
  async assertRoom(session: ActiveSession, user: string | null): Promise<void> {
    const { max, when } = this.#limit;
    if (when !== 'refuse' || user === null || user === session.storedUser) return;
    const { handle } = session;
    const others = (await this.#users.list(user)).filter((each) => each.handle !== handle);
    if (others.length >= max) throw new SessionLimitError(max);
  }

  async #endOldest(user: string, handle: string): Promise<void> {
    const all = await this.#users.list(user);
    const own = all.find((each) => each.handle === handle);
    if (own === undefined || all.length <= this.#limit.max) return;
    const active = ({ record, payload }: UserSession): number =>
      this.#lifetimes.lastActivity({ duration: payload.t }, record);
    const later = all.filter((each) => bySignIn(each, own) < 0).toSorted(bySignIn);
    const earlier = all
      .filter((each) => bySignIn(each, own) > 0)
      .toSorted((a, b) => active(b) - active(a) || bySignIn(a, b));
    const tooMany = [...later, own, ...earlier].slice(this.#limit.max);
    await this.#users.endAllFound(tooMany, 'limit');
  }
}

/** The latest first. All processes see the same order, whatever their clocks say. */
function bySignIn(a: UserSession, b: UserSession): number {
  return beganWith(b) - beganWith(a) || Number(a.handle < b.handle) - Number(a.handle > b.handle);
}

function beganWith({ payload, record }: UserSession): number {
  return signedInAt(payload.s, record.userId) ?? payload.c;
}
