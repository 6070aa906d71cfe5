import type { ActiveSession } from '../lifecycle/active-session.js';
import { type EventSubject, subjectOf } from '../lifecycle/publish-events.js';
import type { EndedSession } from '../lifecycle/records/record-backend.js';
import type { HostedSession } from '../session/hosted-session.js';
import { DetachedHost } from '../session/detached-host.js';
import { sessionContext } from '../session/session.context.js';

/** The session of the code that runs, and those in whose contexts it was started by `SessionManager.run`. */
function sessionsUnderWay(): readonly HostedSession[] {
  const sessions: HostedSession[] = [];
  let next = sessionContext.getStore();
  while (next !== undefined) {
    sessions.push(next);
    next = next.host instanceof DetachedHost ? (next.host.caller ?? undefined) : undefined;
  }
  return sessions;
}

/** The sessions under way that are stored, or held by the cookie, as one that `isIt` recognizes. */
function storedUnderWay(isIt: (session: ActiveSession, id: string) => boolean): readonly ActiveSession[] {
  const active = sessionsUnderWay().flatMap(({ life }) => life?.session ?? []);
  return active.filter((session) => session.base !== null && isIt(session, session.base.id));
}

/**
 * Tells the session of the request under way that the application has just ended this one: if it is the same,
 * no other request answers for it.
 */
export function tellEnded(ended: EndedSession): void {
  const isIt = ({ storedHandle }: ActiveSession, id: string): boolean =>
    ended.ids?.has(id) === true || storedHandle === ended.handle;
  for (const session of storedUnderWay(isIt)) session.endedByRequest = true;
}

/** The subject of the end event of the session of the request under way, if it is the one with these ids. */
export function subjectUnderWay(ids: ReadonlySet<string>): EventSubject | null {
  const [session] = storedUnderWay((_session, id) => ids.has(id));
  return session === undefined ? null : subjectOf(session);
}

/**
 * Destroys the session of the request under way if it has this id, but is not stored under it yet (a new session,
 * `regenerate`, `signIn`).
 *
 * @returns false if it has not: then the store knows what to end
 */
export async function destroyUnstored(id: string): Promise<boolean> {
  const loaded = sessionsUnderWay().filter(({ initiated }) => initiated);
  const hosted = loaded.find(({ life }) => life?.session.isUnstoredUnder(id));
  await hosted?.session.destroy();
  return hosted !== undefined;
}

/**
 * Awaits what a method of `SessionManager` does. If that fails because of the store, the session of the calling code
 * notes it: no cache may keep an error that answers its request.
 */
export async function tellingFailure<T>(work: T | Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    sessionContext.getStore()?.operationFailed(error);
    throw error;
  }
}
