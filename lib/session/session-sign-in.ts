import { recordedUser, userIn } from '../lifecycle/users/recorded-user.js';
import { type Duration, TEN_YEARS_MS, parseDuration } from '../options/duration.js';
import { shown } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';
import { signedInAt } from '../state/payload.js';
import type { SessionCallback } from './callback.js';
import { givenUser } from './given-user.js';
import type { SessionData } from './session-data.js';
import { SessionFlash } from './session-flash.js';
import type { Readable } from './session-keys.js';
import { pathOfThisSite } from './path-of-this-site.js';
import { shownDuration } from './wording.js';
import { isObject } from '../state/values.js';
import { valuesByKey } from '../state/values-by-key.js';

/**
 * Options of `signIn`.
 *
 * @example
 * session.signIn(user.id, { remember: '30d' });
 */
export interface SignInOptions {
  /**
   * How long the session lives without a visit: `true` for ten years (`permanent`), or a duration, in ms or
   * as text. Default false: the option `age` applies.
   */
  readonly remember?: boolean | Duration | undefined;
}

/** The key under which `intended` stores its path. */
const INTENDED = '_intended';

/** The methods of a session for signing in and out, and for its lifetime. */
export abstract class SessionSignIn<T extends object = SessionData> extends SessionFlash<T> {
  /**
   * Signs a user in. The session gets a new id (the old one is invalid from now on; OWASP ASVS 5.0, V7.2.4),
   * and stores the user under the option `userKey`, the time, and a lifetime of its own if the user is to be
   * remembered. All other values stay.
   *
   * @param userId the id of the user in your application: a non-empty string or a number
   * @param options `remember`: default false
   * @throws SessionValueError if `userId` or `remember` is invalid
   * @throws SessionReadonlyError if the session is read-only, or no cookie can be sent (a socket, a subscription,
   * a job)
   * @example
   * session.signIn(user.id, { remember: form.remember === 'on' });
   */
  signIn(userId: string | number, options: SignInOptions = {}): this {
    const user = givenUser('signIn', userId);
    const duration = lifetimeOf(options);
    // Both checks run first: a refused sign-in neither changes the id nor writes anything.
    void this.hosted.writable;
    this.hosted.movable.signIn(user, duration);
    return this;
  }

  /**
   * Signs the user out, like `invalidate()`: the session gets a new id and no values, and nothing is left
   * under the old id. A message for the next page can be flashed afterwards.
   *
   * @throws SessionReadonlyError if the session is read-only, or no cookie can be sent (a socket, a
   * subscription, a job): use `destroy()` there
   * @example
   * session.signOut().flash('status', 'You are signed out.');
   */
  signOut(): this {
    return this.invalidate();
  }

  /**
   * Gives the session a new id, and removes its values and its own lifetime, like `regenerate` and `flush`
   * together. Requests still in flight with the old id cannot follow. Call it at sign-out.
   *
   * @throws SessionReadonlyError if the session is read-only, or no cookie can be sent (a socket, a
   * subscription, a job): use `destroy()` there
   * @example
   * session.invalidate().flash('status', 'You are signed out.');
   */
  invalidate(): this {
    this.hosted.movable.invalidate();
    return this.flush();
  }

  /**
   * The signed-in user as a string: the value under the option `userKey`. Null if nobody is signed in.
   *
   * @example
   * const user = await users.find(session.userId);
   */
  get userId(): string | null {
    return userIn(this.hosted.readable.readonlyValues, this.hosted.lifecycle.userKey);
  }

  /**
   * When the user signed in with `signIn`, in epoch ms. Null if nobody is signed in, or if the current user
   * was set in another way, even if an earlier user of this session used `signIn`.
   *
   * @example
   * const isRecent = Date.now() - (session.signedInAt ?? 0) < 600_000;
   */
  get signedInAt(): number | null {
    const state = this.hosted.readable;
    return signedInAt(state.facts.signIn, recordedUser(state.readonlyValues, this.hosted.lifecycle.userKey));
  }

  /**
   * A public name of this session for lists of devices: 22 characters of base64url. The handle reveals
   * nothing about the id, and stays the same when the id changes. The session that follows `invalidate`,
   * `signOut` or `destroy` has another handle.
   *
   * @example
   * const isThisDevice = stored.handle === session.handle;
   */
  get handle(): string {
    return this.hosted.lifecycle.session.handle;
  }

  /**
   * Returns and removes the path that the visitor wanted to visit before being asked to sign in.
   *
   * @returns a path of this site as browsers write it, in ASCII, for a `Location` header; `/` if none was
   * stored
   * @throws SessionReadonlyError if a path is stored and the session is read-only
   * @example
   * response.redirect(session.signIn(user.id).intended());
   */
  intended(): string;
  /**
   * Stores the path that the visitor wanted to visit, for after the sign-in: a path of this site, with its
   * query. The address may come from a link that somebody else made. So an address of another site is not
   * stored, in whatever spelling a browser would accept (`//host`, `/\host`, with line breaks or tabs,
   * `javascript:`), nor is anything but a string.
   *
   * @param url a path that begins with `/`, of at most 2,000 characters. Undefined stores nothing
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.intended(request.originalUrl)
   */
  intended(url: string | undefined): this;
  intended(...given: [] | [url: unknown]): this | string {
    // Checks the number of arguments: a missing query parameter must not remove the stored path.
    if (given.length === 0) return this.#takeIntended();
    const [url] = given;
    const state = this.hosted.writable;
    const path = pathOfThisSite(url);
    if (path !== undefined) state.put(INTENDED, path);
    return this;
  }

  #takeIntended(): string {
    const url = this.hosted.readable.readonlyValues[INTENDED];
    if (url !== undefined) this.hosted.writable.forget(INTENDED);
    return pathOfThisSite(url) ?? '/';
  }

  // ---- lifetime ------------------------------------------------------------------------------------------------

  /**
   * Sets a lifetime for this session, which replaces the option `age` and is stored with the session. It
   * begins with the commit.
   *
   * @param duration ms, or text such as '2h'
   * @throws SessionValueError if it is not a duration above zero
   * @throws SessionReadonlyError if the session is read-only
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
    this.hosted.writable.facts.duration = parsed;
    return this;
  }

  /**
   * Makes the cookie and the record last ten years, and stores the given values. Browsers cap a cookie at 400
   * days (RFC 6265bis, 5.5); each visit renews it.
   *
   * @param values a plain object of values by key, stored like with `put(values)`. Default: none
   * @throws SessionValueError if `values` is not such an object, or a key is invalid
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * if (form.remember) session.permanent();
   */
  permanent(values?: Readable<T>): this {
    const state = this.hosted.writable;
    if (values !== undefined)
      for (const [key, value] of Object.entries(valuesByKey('permanent', values, state.readonlyValues)))
        state.put(key, value);
    state.facts.duration = TEN_YEARS_MS;
    return this;
  }

  /**
   * Extends the expiry in the store now, and that of the cookie with this response, unless the response
   * headers have been sent. Seldom needed, since the option `automaticTouch` does this with each visit; but a
   * stream that goes on for hours is one visit.
   *
   * @param callback called at the end, with the error if there is one; for code written for express-session
   * @throws SessionStoreError if the store fails
   * @throws SessionError if the session lives in the cookie (`stealth`) and the response headers have been
   * sent
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * await session.touch(); // while a long upload runs
   */
  touch(callback?: SessionCallback): Promise<this> {
    return this.hosted.perform(() => {
      const life = this.hosted.touchable;
      // If the lifetime is in the cookie, extending it takes a new cookie.
      const isTooLate = life.session.base !== null && this.hosted.host.headSent && life.livesInCookie;
      return (isTooLate ? Promise.reject(this.hosted.giveUpTooLate()) : life.touch()).then(() => this);
    }, callback);
  }
}

function lifetimeOf(options: SignInOptions): number | undefined {
  // In JavaScript `signIn(id, true)` is an easy mistake, and would silently not remember the user.
  if (!isObject(options)) {
    throw new SessionValueError(
      `signIn got ${shown(options)} as its options; it takes an object: { remember: true }, or { remember: '30d' }.`,
    );
  }
  const { remember = false } = options;
  if (remember === false) return undefined;
  const duration = remember === true ? TEN_YEARS_MS : parseDuration(remember);
  if (duration === null) {
    throw new SessionValueError(
      "signIn got something else than a lifetime as 'remember'; it takes true, false, milliseconds above zero, or text such as '30d'.",
    );
  }
  return duration;
}
