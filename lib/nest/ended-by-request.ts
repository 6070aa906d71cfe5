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

/**
 * Destroys the session of the request under way if it has this id, but is not stored under it yet (a new session,
 * `regenerate`, `signIn`).
 *
 * @returns false if it has not: then the store knows what to end
 */
export async function destroyUnstored(id: string): Promise<boolean> {
  const session = sessionContext.getStore();
  if (session?.isUnstoredUnder(id) !== true) return false;
  await session.destroy();
  return true;
}
