import { SessionError, SessionReadonlyError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';

/** What is read or written before it is loaded. */
export function notInitiated(): SessionError {
  return new SessionError(
    'The session is not loaded yet. Call `await session.initiate()` first (after setId() or setSignedId() as well).',
  );
}

/** @param degraded whether the session is read-only because its store failed */
export function readonlySession(degraded: boolean): SessionReadonlyError {
  return new SessionReadonlyError(
    degraded
      ? "The session's store failed, and the session is empty and read-only (option 'whenStoreFails' is 'degrade'). " +
          'Ask `session.readonly` before you write; what has to be written can be tried again when the store is back.'
      : 'The session is read-only: initiate(true) or start(true) made it so. Write before that, or ask `session.readonly`.',
    { degraded },
  );
}

/** A commit that needs a cookie, after the head of the response. */
export function tooLate(): SessionError {
  return new SessionError(
    'The session was not stored: the head of the response has left, and the cookie that it needs cannot reach the browser ' +
      'any more. Write to the session before the first byte of the response.',
  );
}

/** A duration that is none, as far as it can be shown. */
export function shownDuration(duration: unknown): string {
  if (typeof duration === 'number') return String(duration);
  return typeof duration === 'string' ? `"${shownKey(duration)}"` : `a value of type ${typeof duration}`;
}
