import type { HostedSession } from '../session/hosted-session.js';
import { SessionStoreError } from '../session.errors.js';
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

/**
 * Awaits what a method of `SessionManager` does. If that fails because of the store, the sessions under way note it:
 * no cache may keep an error that answers their request.
 */
export async function tellingFailure<T>(work: T | Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof SessionStoreError) for (const hosted of sessionsUnderWay()) hosted.storeFailed();
    throw error;
  }
}
