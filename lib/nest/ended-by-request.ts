import type { ActiveSession } from '../lifecycle/active-session.js';
import { type EventSubject, subjectOf } from '../lifecycle/publish-events.js';
import type { HostedSession } from '../session/hosted-session.js';
import { sessionContext } from '../session/session.context.js';

/** All ids of a session that has ended. */
interface Ids {
  has(id: string): boolean;
}

/** The session in whose context `SessionManager.run` was called, by the session of the function that it runs. */
const callers = new WeakMap<HostedSession, HostedSession>();

/** Runs a function in the context of a session, inside the request or the job under way, if there is one. */
export async function runInsideCaller<R>(hosted: HostedSession, fn: () => Promise<R>): Promise<R> {
  const caller = sessionContext.getStore();
  if (caller !== undefined) callers.set(hosted, caller);
  try {
    return await sessionContext.run(hosted, fn);
  } finally {
    // Jobs that start each other without an end must not keep all sessions before them in memory.
    callers.delete(hosted);
  }
}

/** The session of the code that runs, and those in whose contexts it was started by `SessionManager.run`. */
function sessionsUnderWay(): readonly HostedSession[] {
  const sessions: HostedSession[] = [];
  for (let each = sessionContext.getStore(); each !== undefined; each = callers.get(each))
    sessions.push(each);
  return sessions;
}

/** Those of them that are stored, or held by the cookie, under one of these ids. */
function storedUnderWay(ids: Ids): readonly ActiveSession[] {
  const active = sessionsUnderWay().flatMap(({ life }) => life?.session ?? []);
  return active.filter(({ base }) => base !== null && ids.has(base.id));
}

/**
 * Tells the session of the request under way that the application has just ended this one: if it is the same,
 * no other request answers for it.
 */
export function tellEnded({ versions }: { readonly versions: Ids }): void {
  for (const session of storedUnderWay(versions)) session.endedByRequest = true;
}

/** The subject of the end event of the session of the request under way, if it is the one with these ids. */
export function subjectUnderWay(ids: Ids): EventSubject | null {
  const [session] = storedUnderWay(ids);
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
