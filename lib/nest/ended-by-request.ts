import { sessionContext } from '../session/session.context.js';

/** A session that has ended, by all its ids. */
interface Ended {
  readonly versions: { has(id: string): boolean };
}

/**
 * Tells the session of the request under way that the application has just ended this one: if it is the same,
 * no other request answers for it.
 */
export function tellEnded({ versions }: Ended): void {
  sessionContext.getStore()?.noteEnded(versions);
}
