import type { ActiveSession } from './active-session.js';
import type { SessionBackend } from './session-backend.js';

/** What the response has to do about the cookie. */
export type CookieInstruction =
  | { readonly kind: 'none' }
  /** `maxAge` in seconds; undefined: the cookie ends with the browser. `fresh`: the session's id is new. */
  | ({
      readonly kind: 'set';
      readonly token: string;
      readonly maxAge: number | undefined;
      readonly fresh: boolean;
    } & Ending)
  | ({ readonly kind: 'expire' } & Ending);

interface Ending {
  /** Whether the request ended a session that only cookies hold: while the browser has one of them, it has not ended. */
  readonly endsSealed: boolean;
}

/** The response says nothing about the cookie. */
export const NO_COOKIE: CookieInstruction = { kind: 'none' };

/**
 * What the response has to do about the cookie of a session.
 *
 * @param hasDestroyed whether the request has destroyed a session that the cookie may still name
 */
export function cookieInstructionOf(
  session: ActiveSession,
  backend: SessionBackend,
  hasDestroyed: boolean,
  cameWithCookie: boolean,
): CookieInstruction {
  const { base, fresh } = session;
  const isDue = session.cookieDue && base !== null;
  const hasEnded = hasDestroyed || (session.hasEnded && base === null);
  if (!isDue && !(cameWithCookie && hasEnded)) return NO_COOKIE;
  // If another request moved the session, the response of that request sends the cookie.
  if (session.isFinal || (session.followed && !fresh)) return NO_COOKIE;
  // A session sealed before another request signed out must not be sent after it.
  if (session.isOvertaken) return NO_COOKIE;
  const endsSealed = (hasDestroyed || session.hasEnded) && backend.records === null;
  if (!isDue) return { kind: 'expire', endsSealed };
  const { runtime, state, expiresAt } = session;
  // The session has expired since it was stored: its cookie would replace a newer one and expire at once.
  if (expiresAt <= runtime.clock.now()) return NO_COOKIE;
  const maxAge = runtime.lifetimes.maxAge(state.facts, expiresAt);
  return { kind: 'set', token: backend.token(session), maxAge, fresh, endsSealed };
}
