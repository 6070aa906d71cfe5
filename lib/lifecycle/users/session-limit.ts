import { SessionStoreError } from '../../session.errors.js';
import { SessionLimitError } from '../../session.exception.js';
import type { SignIn } from '../../state/payload.js';
import type { ActiveSession } from '../active-session.js';
import type { TurnQueue } from '../records/turn-queue.js';
import { recordedUser } from './recorded-user.js';
import { signInAt } from './sign-in-order.js';
import type { UserSession, UserSessions } from './user-sessions.js';

/** The limit of sessions per user, and what happens beyond it. */
export interface SessionsPerUser {
  readonly max: number;
  readonly when: 'end-oldest' | 'refuse';
  /** Serializes the sign-ins of each user in this process, so that two at once cannot both take the last place. */
  readonly turns: TurnQueue;
}

/**
 * Limits the number of sessions per user. A session counts as a user's from the write that first names that
 * user.
 *
 * With `refuse`, the others are counted before the session is stored and again after. The process that stores
 * last sees all others, so no two can both take the last place. Both may find it taken.
 *
 * With `end-oldest`, each counts after storing; the last one to store sees them all. Sessions are ranked by
 * when they became the user's, so of those that do at once in several processes, the latest stays.
 */
export class SessionLimit {
  readonly #limit: SessionsPerUser;
  readonly #users: UserSessions;

  constructor(limit: SessionsPerUser, users: UserSessions) {
    this.#limit = limit;
    this.#users = users;
  }

  /**
   * Writes a session by `write`, and enforces the limit before and after.
   *
   * @throws SessionLimitError if it is refused as one too many
   */
  async write(session: ActiveSession, write: () => Promise<void>): Promise<void> {
    const user = recordedUser(session.state.readonlyValues, session.runtime.userKey);
    if (user === null || user === session.storedUser) return write();
    await this.#limit.turns.run(user, () => this.#take(session, user, write));
  }

  async #take(session: ActiveSession, user: string, write: () => Promise<void>): Promise<void> {
    await this.assertRoom(session, user);
    const { facts } = session.state;
    const isBySignIn = facts.signsIn && facts.signIn?.[1] === user;
    if (!isBySignIn) facts.userSince = signInAt(session.runtime.clock.now(), user);
    await write();
    if (this.#limit.when === 'refuse') return;
    try {
      await this.#endOldest(session, user);
    } catch (error) {
      // The store's guard has logged the error. The sign-in stands, and the next one ends the excess sessions.
      if (!(error instanceof SessionStoreError)) throw error;
    }
  }

  /**
   * Call when a record is stored and nobody has been told of it yet.
   *
   * @param user the user that the record names
   * @throws SessionLimitError if the record has to be taken back
   */
  async assertRoom(session: ActiveSession, user: string | null): Promise<void> {
    const { max, when } = this.#limit;
    if (when !== 'refuse' || user === null || user === session.storedUser) return;
    const { handle } = session;
    const others = (await this.#users.list(user)).filter((each) => each.handle !== handle);
    if (others.length >= max) throw new SessionLimitError(max);
  }

  async #endOldest({ handle, runtime: { lifetimes } }: ActiveSession, user: string): Promise<void> {
    const all = await this.#users.list(user);
    const own = all.find((each) => each.handle === handle);
    if (own === undefined || all.length <= this.#limit.max) return;
    const active = ({ record, payload }: UserSession): number =>
      lifetimes.lastActivity({ duration: payload.t }, record);
    const later = all.filter((each) => bySignIn(each, own) < 0).toSorted(bySignIn);
    const earlier = all
      .filter((each) => bySignIn(each, own) > 0)
      .toSorted((a, b) => active(b) - active(a) || bySignIn(a, b));
    const tooMany = [...later, own, ...earlier].slice(this.#limit.max);
    await this.#users.endAllFound(tooMany, 'limit');
  }
}

/** Latest first. All processes see the same order, whatever their clocks say. */
function bySignIn(a: UserSession, b: UserSession): number {
  const [one, other] = [beganWith(a), beganWith(b)];
  const byHandle = Number(a.handle < b.handle) - Number(a.handle > b.handle);
  return other.at - one.at || other.order - one.order || byHandle;
}

/** When the session became its user's, and its place among those of the same millisecond. */
function beganWith({ payload, record }: UserSession): { readonly at: number; readonly order: number } {
  let latest: SignIn | undefined;
  for (const since of [payload.s, payload.u])
    if (since?.[1] === record.userId && since[0] >= (latest?.[0] ?? 0)) latest = since;
  const [at, , order = 0] = latest ?? [payload.c, null];
  return { at, order };
}
