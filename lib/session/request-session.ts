import { randomId } from '../crypto/random-id.js';
import { type Duration, TEN_YEARS_MS, parseDuration } from '../options/duration.js';
import { SessionValueError } from '../session.errors.js';
import { ARGUMENTS, countArguments } from './argument-counts.js';
import { refuseAssignments } from './assignments.js';
import { type SessionCallback, isCallback, withCallback } from './callback.js';
import { type ConnectFlashArguments, connectFlash } from './connect-flash.js';
import { ExpressSessionCookie } from './express-session-cookie.js';
import { expressSession } from './express-session.js';
import type { SessionData } from './session-data.js';
import { SessionFlash } from './session-flash.js';
import type { SessionHost } from './session-host.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import type { KeysOf, Readable } from './session-values.js';

/** How much of a wrong duration an error shows, in characters. */
const MAX_SHOWN = 40;

/**
 * The session of one request: its values, its flash messages, and a little about itself.
 *
 * Keys are dot paths (`user.teams`); a key that exists literally wins over the path. Methods that have nothing else to
 * return, return the session. Nothing is stored before `commit`, which happens by itself before the response is sent.
 *
 * Every method that writes throws SessionReadonlyError where the session is read-only, and SessionValueError for a key
 * with `__proto__`, `prototype` or `constructor` in its path. Between `setId` and `start`, whatever reads or writes
 * throws SessionError.
 *
 * @typeParam T the declared keys: the global `SessionData`, or a type of your own
 * @example
 * add(@Session() session: Session) {
 *   session.push('cart', { sku: 'mug', quantity: 1 }).flash('status', 'Added to your cart.');
 * }
 */
export class RequestSession<T extends object = SessionData> extends SessionFlash<T> {
  /** The last id made here: the only id without a record that `setId` may bring. */
  #generatedId: string | null = null;

  #cookie: ExpressSessionCookie | null = null;
  #expressSession: object | null = null;

  static {
    countArguments(this.prototype, ARGUMENTS);
    refuseAssignments(this.prototype);
  }

  /** Made by the package; an application is handed its sessions. */
  constructor(host: SessionHost) {
    super(host);
    // Nothing of its own can cover what the package calls on it, however that is defined.
    Object.preventExtensions(this);
  }

  // ---- about the session ---------------------------------------------------------------------------------------

  /** The raw id, made when first asked for. Keep it out of logs and pages. */
  get id(): string {
    return this.lifecycle.session.id;
  }

  /** The same as `id`. */
  get sessionId(): string {
    return this.id;
  }

  /**
   * As it travels in the cookie: the signed id. With `stealth` the sealed session itself, as it was last committed;
   * empty before that. Keep it out of logs and pages: who holds it holds the session.
   */
  get signedId(): string {
    return this.lifecycle.token;
  }

  /** Whether the id was made in this request: no session came in, or `regenerate` was called. */
  get fresh(): boolean {
    return this.lifecycleSoFar === null || this.lifecycleSoFar.session.fresh;
  }

  /** Whether the store (with `stealth`: the visitor's cookie) has a record of this session. */
  get stored(): boolean {
    return this.lifecycleSoFar !== null && this.lifecycleSoFar.session.loaded !== null;
  }

  /** Whether there is nothing to read, flash messages included. */
  get isEmpty(): boolean {
    return this.lifecycleSoFar === null || this.readable.state.isEmpty;
  }

  /** Whether this request changed something that is not stored yet. */
  get isModified(): boolean {
    return this.lifecycleSoFar !== null && this.lifecycleSoFar.session.modified;
  }

  /** How long the session lives without a visit, in ms: what `setDuration` said, otherwise the option `age`. */
  get duration(): number {
    return this.lifecycle.session.duration;
  }

  /** When the session ends unless it is visited again, in epoch ms. */
  get expiresAt(): number {
    return this.lifecycle.session.expiresAt;
  }

  /** When the session began, in epoch ms. A new id (`regenerate`) leaves it; `invalidate` begins anew. */
  get createdAt(): number {
    return this.lifecycle.state.createdAt;
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
        `setDuration got ${shown(duration)}; it takes milliseconds above zero, or text such as '2h' or '7 days', up to a hundred years.`,
      );
    }
    this.writable.state.duration = parsed;
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
    this.writable.state.duration = TEN_YEARS_MS;
    return values === undefined ? this : this.put(values);
  }

  /**
   * Extends the expiry in the store now, and the cookie with this response. Seldom needed: the option `automaticTouch`
   * does it with each visit.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   */
  touch(callback?: SessionCallback): Promise<this> {
    return withCallback(() => this.writable.touch().then(() => this), callback);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /**
   * Stores what changed. Happens by itself before the response is sent; call it where something else has to see the
   * session before that. A second call stores only what changed since.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   * @throws SessionValueError where a value cannot be stored; names the key
   * @throws SessionTooLargeError where the session is too large for its driver
   * @example
   * await session.put('export', 'running').commit(); // other requests see it while this one goes on
   */
  commit(callback?: SessionCallback): Promise<this> {
    return withCallback(() => Promise.resolve(this.commitDue()).then(() => this), callback);
  }

  /** The same as `commit`. */
  save(callback?: SessionCallback): Promise<this> {
    return this.commit(callback);
  }

  /**
   * Loads the session anew; what this request changed and did not commit is forgotten.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   */
  reload(callback?: SessionCallback): Promise<this> {
    return withCallback(() => this.reopen().then(() => this), callback);
  }

  // ---- id ------------------------------------------------------------------------------------------------------

  /**
   * A new id from here on; the data stays, and at commit the old record goes. Do it at sign-in (OWASP Session
   * Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change").
   *
   * @param callback called soon after; for code written for express-session
   * @example
   * session.regenerate().put('userId', user.id);
   */
  regenerate(callback?: SessionCallback): this {
    if (isCallback(callback)) void withCallback(() => Promise.resolve(this.regenerate()), callback);
    else this.writable.regenerate();
    return this;
  }

  /** The same as `regenerate`. */
  roll(callback?: SessionCallback): this {
    return this.regenerate(callback);
  }

  /**
   * A new id, no values, no lifetime of its own: what `regenerate` and `flush` do together. Requests still under way
   * cannot follow. Do it at sign-out.
   *
   * @example
   * session.invalidate().flash('status', 'You are signed out.');
   */
  invalidate(): this {
    this.writable.invalidate();
    return this.flush();
  }

  /**
   * Removes the record now and expires the cookie, with exactly the attributes it was set with. The session reads as
   * empty afterwards; a first write starts a new one with a new id.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   * @throws SessionError where the session is the cookie itself (`stealth`) and the head of the response has left
   */
  destroy(callback?: SessionCallback): Promise<this> {
    return withCallback(() => this.ended(this.writable.destroy()).then(() => this), callback);
  }

  /** Destroys the session and its cookie: the same as `destroy()`. */
  forget(): Promise<this>;
  /**
   * Removes values, and flash messages under the same keys.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError where a key is undefined, so that a mistake cannot end the session
   * @example
   * session.forget('cart').forget('draft', 'search.filters')
   */
  forget(...keys: KeysOf<T>): this;
  forget(...keys: GivenKeys | []): this | Promise<this> {
    return keys.length === 0 ? this.destroy() : this.#remove('forget', keys);
  }

  /** Removes all values; the session and its id stay: the same as `flush()`. */
  delete(): this;
  /** Removes values, and flash messages under the same keys: the same as `forget(keys)`. */
  delete(...keys: KeysOf<T>): this;
  delete(...keys: GivenKeys | []): this {
    return keys.length === 0 ? this.flush() : this.#remove('delete', keys);
  }

  #remove(method: string, keys: readonly unknown[]): this {
    // Counted above, and not compared with undefined: a key that is missing by mistake must not remove everything.
    if (keys.includes(undefined)) throw noKey(method);
    const { state } = this.writable;
    for (const path of givenKeys(method, keys)) state.forget(path);
    return this;
  }

  /** A new session id, for `setId`: 256 random bits as 43 characters of base64url. */
  generateId(): Promise<string> {
    this.#generatedId = randomId();
    return Promise.resolve(this.#generatedId);
  }

  /**
   * Switches this request to another session, and the browser's cookie with it; `await session.start()` loads it. What
   * was changed before and not committed is forgotten. An id that no record has is not adopted unless it comes from
   * `generateId`. Never give it what a visitor sent: that is what `setSignedId` is for.
   *
   * @throws SessionValueError where the id is no text, or empty
   * @example
   * await session.setId(await session.generateId()).start();
   */
  setId(id: string): this {
    if (typeof id !== 'string' || id === '')
      // The id itself stays out of the message.
      throw new SessionValueError(
        `setId got ${id === '' ? 'empty text' : `a value of type ${typeof id}`}; it takes an id: text that is not empty.`,
      );
    this.choose(id, id === this.#generatedId);
    return this;
  }

  /**
   * Switches this request to the session of a signed id; `await session.start()` loads it.
   *
   * @param secret in place of the application's secrets
   * @returns the session; or false where the signature is not ours, and nothing has changed
   */
  setSignedId(signedId: string, secret?: string): this | false {
    // It may come from a query or a body, where a visitor sends whatever he likes.
    const id = typeof signedId === 'string' ? this.host.verify(signedId, secret) : null;
    if (id === null) return false;
    this.choose(id, false);
    return this;
  }

  // ---- for code written for others -----------------------------------------------------------------------------

  /**
   * The same session in the shape of express-session: what `request.session` is. Made when somebody looks at it.
   *
   * @internal
   */
  get expressSession(): object {
    return (this.#expressSession ??= this.#inExpressShape());
  }

  #inExpressShape(): object {
    return expressSession(this, {
      values: () => (this.initiated ? this.lifecycle.state.values : null),
      lend: (value) => {
        const life = this.readable;
        if (life.state.lend(value)) this.lent(life);
      },
      assign: (key, value) => {
        this.writable.state.assign(key, value);
      },
      keepOnly: (keys) => {
        const { state } = this.writable;
        for (const key of Object.keys(state.values)) if (!keys.includes(key)) state.assign(key, undefined);
      },
      cookie: () => (this.#cookie ??= this.#expressCookie()),
    });
  }

  #expressCookie(): ExpressSessionCookie {
    const lifetime = {
      duration: () => this.duration,
      expiresAt: () => this.expiresAt,
      endsWithBrowser: () => this.lifecycle.session.endsWithBrowser,
      setDuration: (ms: number) => this.setDuration(ms),
      end: () => void this.destroy(),
      unsetDuration: () => {
        this.writable.state.duration = undefined;
      },
    };
    return new ExpressSessionCookie(lifetime, this.host.cookieAttributes);
  }

  /**
   * What `request.flash` does, as connect-flash has it.
   *
   * @internal
   */
  connectFlash(...args: ConnectFlashArguments): unknown {
    return connectFlash(this.readable.state.flash, () => this.writable.state.flash, args);
  }
}

/** A duration that is none, as far as it can be shown. */
function shown(duration: unknown): string {
  if (typeof duration === 'number') return String(duration);
  return typeof duration === 'string'
    ? JSON.stringify(duration.slice(0, MAX_SHOWN))
    : `a value of type ${typeof duration}`;
}

function noKey(method: string): SessionValueError {
  return new SessionValueError(
    `${method} got undefined in place of a key. Call it with nothing at all where everything is meant.`,
  );
}
