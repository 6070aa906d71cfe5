import { SessionError, SessionValueError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';

/** For the log: the changes of a request that came with an id which `regenerate` had just replaced. */
export const CHANGES_DROPPED =
  'A request came with a session id that another request had just replaced (regenerate). It reads an empty session, and ' +
  'what it changed was dropped; only destroy and invalidate reach the session. The next request of the visitor has the new id.';

/** A value that has changed again each of the times that it was stored. @param key where it lies */
export function neverSettles(key: string, times: number): SessionValueError {
  return new SessionValueError(
    `The session's value at "${shownKey(key)}" was another one each of the ${times} times that it was stored in a row, so the ` +
      'commit has no end. Put a plain copy of it into the session, and do not go on changing it while the session is committed.',
    { atCommit: true },
  );
}

/** For the log: what was mutated in a read-only session. @param key where, as far as that is known */
export function mutationDropped(key: string | undefined): string {
  const where = key === undefined ? '' : ` at "${shownKey(key)}"`;
  return (
    `A read-only session (\`initiate(true)\`) was mutated in place${where}: nothing of that is stored. Change it before ` +
    '`initiate(true)`, or change a copy of it (`structuredClone`, `toSorted`).'
  );
}

/** A session is to become read-only, and holds changes that are not stored. */
export function unstoredChanges(): SessionError {
  return new SessionError(
    'The session cannot be made read-only: this request has changed it, and that is not stored yet. ' +
      'Call `await session.commit()` before `initiate(true)`, or `await session.reload()` to drop the changes.',
  );
}
