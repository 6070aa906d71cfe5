import { SessionError, SessionValueError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';

/**
 * For the log: a request with an id that `regenerate` had just replaced, or with the cookie of a session that was
 * just taken over, changed something, and the changes are dropped.
 */
export const CHANGES_DROPPED =
  'A request came with a session id that another request had just replaced (regenerate; or, ' +
  "with the option 'migrate', a cookie of another library that it took over). It reads an empty session, and " +
  'what it changed was dropped; only destroy and invalidate reach the session. The next request of the visitor has the new id.';

/**
 * The error for a value that changed between each of the consecutive writes.
 *
 * @param key where the value is
 */
export function neverSettles(key: string, times: number): SessionValueError {
  return new SessionValueError(
    `The session's value at "${shownKey(key)}" was another one each of the ${times} times that it was stored in a row, so the ` +
      'commit has no end. Put a plain copy of it into the session, and do not go on changing it while the session is committed.',
    { atCommit: true },
  );
}

/**
 * For the log: a read-only session was mutated in place.
 *
 * @param key the place of the mutation, if known
 */
export function mutationDropped(key: string | undefined): string {
  const where = key === undefined ? '' : ` at "${shownKey(key)}"`;
  return (
    `A read-only session (\`initiate(true)\`) was mutated in place${where}: nothing of that is stored. Change it before ` +
    '`initiate(true)`, or change a copy of it (`structuredClone`, `toSorted`).'
  );
}

/** The error for making a session read-only while it holds unstored changes. */
export function unstoredChanges(): SessionError {
  return new SessionError(
    'The session cannot be made read-only: this request has changed it, and that is not stored yet. ' +
      'Call `await session.commit()` before `initiate(true)`, or `await session.reload()` to drop the changes.',
  );
}
