import type { ActiveSession } from '../lifecycle/active-session.js';
import { type EventSubject, subjectOf } from '../lifecycle/publish-events.js';
import { sessionsUnderWay } from './sessions-under-way.js';

/** All ids of a session that has ended. */
interface Ids {
  has(id: string): boolean;
}

/** The sessions under way that are stored, or held by the cookie, under one of these ids. */
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
