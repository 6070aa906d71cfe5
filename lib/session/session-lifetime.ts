import { type Duration, TEN_YEARS_MS, parseDuration } from '../options/duration.js';
import { SessionValueError } from '../session.errors.js';
import { shownKey } from '../state/shown-key.js';
import { type SessionCallback, withCallback } from './callback.js';
import type { SessionData } from './session-data.js';
import { SessionFlash } from './session-flash.js';
import type { Readable } from './session-keys.js';

/** The methods of a session that say how long it lives. */
export abstract class SessionLifetime<T extends object = SessionData> extends SessionFlash<T> {
  /**
   * A lifetime of its own for this session, in place of the option `age`; kept with it. Begins with the commit.
   *
   * @param duration ms, or text such as '2h'
   * @throws SessionValueError where it is no duration above zero
   * @example
   * session.setDuration('30d')
   */
  setDuration(duration: Duration): this {
    const parsed = parseDuration(duration);
    if (parsed === null) {
      throw new SessionValueError(
        `setDuration got ${shownDuration(duration)}; it takes milliseconds above zero, or text such as '2h' or '7 days', up to a hundred years.`,
      );
    }
    this.writable.facts.duration = parsed;
    return this;
  }

  /**
   * Makes cookie and record last ten years, and stores the values given. Browsers cap a cookie at 400 days (RFC
   * 6265bis, 5.5); each visit renews it.
   *
   * @example
   * if (form.remember) session.permanent();
   */
  permanent(values?: Readable<T>): this {
    this.writable.facts.duration = TEN_YEARS_MS;
    return values === undefined ? this : this.put(values);
  }

  /**
   * Extends the expiry in the store now, and the cookie with this response, unless its head has left. Seldom needed: the
   * option `automaticTouch` does it with each visit. A stream that goes on for hours is one visit.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   * @throws SessionError where the session is the cookie itself (`stealth`) and the head of the response has left
   * @example
   * await session.touch(); // while a long upload runs
   */
  touch(callback?: SessionCallback): Promise<this> {
    return withCallback(() => this.extend().then(() => this), callback);
  }
}

/** A duration that is none, as far as it can be shown. */
export function shownDuration(duration: unknown): string {
  if (typeof duration === 'number') return String(duration);
  return typeof duration === 'string' ? `"${shownKey(duration)}"` : `a value of type ${typeof duration}`;
}
