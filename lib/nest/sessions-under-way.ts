import type { HostedSession } from '../session/hosted-session.js';
import { DetachedHost } from '../session/detached-host.js';
import { sessionContext } from '../session/session.context.js';

/** The session of the code that runs, and those in whose contexts it was started by `SessionManager.run`. */
export function sessionsUnderWay(): readonly HostedSession[] {
  const sessions: HostedSession[] = [];
  let next = sessionContext.getStore();
  while (next !== undefined) {
    sessions.push(next);
    next = next.host instanceof DetachedHost ? (next.host.caller ?? undefined) : undefined;
  }
  return sessions;
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

/** Has the session of the calling code note that its store does not answer, as `tellingFailure` does. */
export function tellStoreIsDown(): void {
  sessionContext.getStore()?.storeFailed();
}
