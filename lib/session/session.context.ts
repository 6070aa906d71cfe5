import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestSession } from './request-session.js';

/**
 * Carries the session of the current request to whatever runs for it; undefined where that has none. One for all
 * applications of the process. Behind callbacks of shared connections it may name another request
 * than the one that the code works for: so it is asked only where no request is at hand.
 */
export const sessionContext = new AsyncLocalStorage<RequestSession | undefined>();

/** Calls something in the context of a session, or of none. */
export function inContextOf<T>(session: RequestSession | undefined, call: () => T): T {
  return sessionContext.getStore() === session ? call() : sessionContext.run(session, call);
}
