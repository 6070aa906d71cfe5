import { sessionContext } from '../session/session.context.js';

/** A session that has ended, by all its ids. */
interface Ended {
  readonly versions: { has(id: string): boolean };
}

/**
 * Tells the session of the request under way which sessions the application has just ended: it may be one of
 * them, and then no other request answers for it.
 *
 * @returns how many have ended
 */
export function tellEnded(ended: readonly Ended[]): number {
  const own = sessionContext.getStore();
  for (const { versions } of ended) own?.endedByRequest(versions);
  return ended.length;
}
