import { DegradedSessionError, SessionError, SessionReadonlyError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';
import { shownType } from '../state/shown-type.js';

/** The session was read or written before it was loaded. */
export function notInitiated(): SessionError {
  return new SessionError(
    'The session is not loaded yet. Call `await session.initiate()` first (after setId() or setSignedId() as well).',
  );
}

/** @param reason `chosen` by the application, or `degraded`, as the session's store failed */
export function readonlySession(reason: 'chosen' | 'degraded'): SessionReadonlyError {
  return reason === 'degraded'
    ? new DegradedSessionError(
        "The session's store failed, and the session is empty and read-only (option 'whenStoreFails' is 'degrade'). " +
          'Ask `session.readonly` before you write; what has to be written can be tried again when the store is back.',
      )
    : new SessionReadonlyError(
        'The session is read-only: initiate(true) or start(true) made it so. Write before that, or ask `session.readonly`.',
      );
}

/** A commit, or a switch to another session, needs a cookie after the response headers were sent. */
export function tooLate(): SessionError {
  return new SessionError(
    'The session was not stored: the head of the response has left, and the cookie that it needs cannot reach the browser ' +
      'any more. Write to the session, or switch to another one, before the first byte of the response.',
  );
}

/** `flashAll` and the like were called in a job, or for a message on a socket. */
export function noForm(): SessionError {
  return new SessionError(
    'There is no form to flash here: flashAll, flashOnly and flashExcept take the fields of the body of an HTTP request, and ' +
      "this code runs outside of one. Flash the values themselves: flash('email', email).",
  );
}

/** An invalid duration, as far as a message may show it. */
export function shownDuration(duration: unknown): string {
  if (typeof duration === 'number') return String(duration);
  return typeof duration === 'string' ? `"${shownKey(duration)}"` : shownType(duration);
}
