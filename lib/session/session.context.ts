import { AsyncLocalStorage } from 'node:async_hooks';
import type { HostedSession } from './hosted-session.js';

/**
 * Carries the session of the current request to the code that runs for it; undefined if there is none. All
 * applications of the process share it. In callbacks of shared connections it may hold the session of another
 * request, so it is used only where no request is available.
 */
export const sessionContext = new AsyncLocalStorage<HostedSession | undefined>();

/** Calls a function in the context of a session, or of none. */
export function inContextOf<T>(hosted: HostedSession | undefined, call: () => T): T {
  return sessionContext.getStore() === hosted ? call() : sessionContext.run(hosted, call);
}
