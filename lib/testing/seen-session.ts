import { type FormErrors, bagOf } from '../session/form-bags.js';
import type { RequestSession } from '../session/request-session.js';
import type { SessionState } from '../state/session-state.js';
import { cloneValue } from '../state/clone-value.js';
import type { Values } from '../state/values.js';
import type { SentCookie } from './sent-cookie.js';

/**
 * A session as it is after a response.
 *
 * @example
 * const { exists, values, userId }: SeenSession = await sessions.of(response);
 */
export interface SeenSession {
  /** Whether there is a session. If not, values and messages are empty. */
  readonly exists: boolean;
  /** The values, without flash messages. A copy. */
  readonly values: Values;
  /** The flash messages that the next request will find. */
  readonly flash: Values;
  /** The errors of the form that FormErrorsFilter has sent back, by field. */
  readonly errors: FormErrors;
  /** The input of that form. */
  readonly old: Values;
  /** The signed-in user, as text; null if nobody is signed in. */
  readonly userId: string | null;
  /** When the user signed in, in epoch ms; null if nobody is signed in. */
  readonly signedInAt: number | null;
  /** The raw id, as `SessionManager.read` takes it; null if there is no session. */
  readonly id: string | null;
  /** How long the session lives without a visit, in ms. */
  readonly duration: number;
  /** When the session ends without a visit, in epoch ms; null if there is no session. */
  readonly expiresAt: number | null;
  /** The session's cookie as the response set or expired it; null if it did neither. */
  readonly cookie: SentCookie | null;
}

/** @param set the session's cookies as the response set and expired them */
export function seenSession(
  session: RequestSession,
  state: SessionState,
  set: readonly SentCookie[],
): SeenSession {
  const { stored, userId, signedInAt, duration } = session;
  return {
    exists: stored,
    values: cloneValue({ ...state.readonlyValues }),
    flash: session.flashMessages.all(),
    errors: session.flashMessages.errors(),
    old: { ...bagOf(state.flash.previousMessages, 'old') },
    userId,
    signedInAt,
    id: stored ? session.id : null,
    duration,
    expiresAt: stored ? session.expiresAt : null,
    cookie: set.find(({ expired }) => !expired) ?? set[0] ?? null,
  };
}
