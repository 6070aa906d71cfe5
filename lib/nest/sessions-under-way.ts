import type { HostedSession } from '../session/hosted-session.js';
import { sessionContext } from '../session/session.context.js';

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
export function sessionsUnderWay(): readonly HostedSession[] {
  const sessions: HostedSession[] = [];
  for (let each = sessionContext.getStore(); each !== undefined; each = callers.get(each))
    sessions.push(each);
  return sessions;
}

/** Tells them that the store failed, for calls that none of them makes itself (`SessionManager`). */
export function tellStoreFailed(): void {
  for (const hosted of sessionsUnderWay()) hosted.storeFailed();
}
