import { recordedUser, userIn } from '../lifecycle/users/recorded-user.js';
import { type Duration, TEN_YEARS_MS, parseDuration } from '../options/duration.js';
import { shown } from '../options/read-option.js';
import { SessionValueError } from '../session.errors.js';
import { signedInAt } from '../state/payload.js';
import { type SessionCallback, withCallback } from './callback.js';
import { givenUser } from './given-user.js';
import type { SessionData } from './session-data.js';
import { SessionFlash } from './session-flash.js';
import type { Readable } from './session-keys.js';
import { pathOfThisSite } from './path-of-this-site.js';
import { shownDuration } from './wording.js';
import { isObject } from '../state/values.js';

/**
 * How a user signs in.
 *
 * @example
 * session.signIn(user.id, { remember: '30d' });
 */
export interface SignInOptions {
  /**
   * How long the session lives without a visit: `true` for ten years (`permanent`), or a duration, in ms or as text.
   * Default false: as long as the option `age` says.
   */
  readonly remember?: boolean | Duration | undefined;
}

/** Where `intended` keeps its path among the values. */
const INTENDED = '_intended';

/** The methods of a session that say who is signed in, and how long it lives. */
export abstract class SessionSignIn<T extends object = SessionData> extends SessionFlash<T> {
  /**
   * Signs a user in: a new id (the old one opens nothing from here on; OWASP ASVS 5.0, V7.2.4), the user under the option
   * `userKey`, the time, and a lifetime of its own where he is to be remembered. What the visitor had in his session before stays.
   *
   * @param userId text that is not empty, or a number: what your application knows the user by
   * @param options `remember`: default false
   * @throws SessionValueError where `userId` or `remember` is none of these
   * @throws SessionReadonlyError where the session is read-only, or no cookie can be sent (a socket, a subscription, a job)
   * @example
   * session.signIn(user.id, { remember: form.remember === 'on' });
   */
  signIn(userId: string | number, options: SignInOptions = {}): this {
    const user = givenUser('signIn', userId);
    const duration = lifetimeOf(options);
    // Both have their say: an id is not changed, nor is anything written, where that is refused.
    void this.writable;
    this.movable.signIn(user, duration);
    return this;
  }

  /**
   * Signs the user out: the same as `invalidate()`. A new id, no values, and nothing is left under the old one. What
   * the next page is to say may be flashed afterwards.
   *
   * @throws SessionReadonlyError where the session is read-only, or no cookie can be sent (a socket, a subscription, a job):
   * there `destroy()` does it
   * @example
   * session.signOut().flash('status', 'You are signed out.');
   */
  signOut(): this {
    return this.invalidate();
  }

  /**
   * A new id, no values, no lifetime of its own: what `regenerate` and `flush` do together. Requests still under way
   * cannot follow. Do it at sign-out.
   *
   * @example
   * session.invalidate().flash('status', 'You are signed out.');
   */
  invalidate(): this {
    this.movable.invalidate();
    return this.flush();
  }

  /**
   * The user who is signed in, as text: what stands under the option `userKey`. Null where nobody is.
   *
   * @example
   * const user = await users.find(session.userId);
   */
  get userId(): string | null {
    return userIn(this.readable.readonlyValues, this.lifecycle.userKey);
  }

  /**
   * When he signed in (`signIn`), in epoch ms. Null where nobody is signed in, or `signIn` was not how: also where it was how the
   * user before him came into this session.
   *
   * @example
   * const isRecent = Date.now() - (session.signedInAt ?? 0) < 600_000;
   */
  get signedInAt(): number | null {
    const state = this.readable;
    return signedInAt(state.facts.signIn, recordedUser(state.readonlyValues, this.lifecycle.userKey));
  }

  /**
   * A public name of this session, 22 characters of base64url. It stays the same when the id changes, and says nothing
   * about it: for lists of devices. `invalidate`, `signOut` and `destroy` begin a session with another.
   *
   * @example
   * const isThisDevice = stored.handle === session.handle;
   */
  get handle(): string {
    return this.lifecycle.session.handle;
  }

  /**
   * Takes out where the visitor wanted to go before he was asked to sign in.
   *
   * @returns a path of this site as browsers write it, in ASCII, for a `Location` header; `/` where none was kept
   * @example
   * response.redirect(session.signIn(user.id).intended());
   */
  intended(): string;
  /**
   * Keeps where the visitor wanted to go, for after he has signed in: a path of this site, with its query. An address of
   * any other site is not kept, in whatever spelling a browser would take one (`//host`, `/\host`, line breaks and tabs in
   * it, `javascript:`), nor is what is no text: it may come from a link that somebody else made.
   *
   * @param url a path that begins with `/`, of at most 2,000 characters. Its absence (undefined) keeps nothing
   * @throws SessionReadonlyError where the session is read-only
   * @example
   * session.intended(request.originalUrl)
   */
  intended(url: string | undefined): this;
  intended(...given: [] | [url: unknown]): this | string {
    // The arguments are counted: a query that is not there must not take out what is kept.
    if (given.length === 0) return this.#takeIntended();
    const [url] = given;
    const state = this.writable;
    const path = pathOfThisSite(url);
    if (path !== undefined) state.put(INTENDED, path);
    return this;
  }

  #takeIntended(): string {
    const url = this.readable.readonlyValues[INTENDED];
    if (url !== undefined) this.writable.forget(INTENDED);
    return pathOfThisSite(url) ?? '/';
  }

  // ---- lifetime ------------------------------------------------------------------------------------------------

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
    return withCallback(() => {
      const life = this.changeable;
      // Where the lifetime is in the cookie, that takes a new one.
      const isTooLate = life.session.loaded !== null && this.isCookieLate;
      return (isTooLate ? Promise.reject(this.giveUpTooLate()) : life.touch()).then(() => this);
    }, callback);
  }
}

function lifetimeOf(options: SignInOptions): number | undefined {
  // In JavaScript `signIn(id, true)` is soon written, and would forget the visitor without a word.
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
