import { SessionValueError } from '../session.errors.js';
import { inOrderOfRemoval } from '../state/removal-order.js';
import { ARGUMENTS, countArguments } from './argument-counts.js';
import { refuseAssignments } from './assignments.js';
import { type SessionCallback, isCallback, withCallback } from './callback.js';
import { type ConnectFlashArguments, connectFlash } from './express-session/connect-flash.js';
import { expressSession } from './express-session/express-session.js';
import { ExpressValues } from './express-session/express-values.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import { showInLogs } from './show-in-logs.js';
import type { SessionData } from './session-data.js';
import type { SessionHost } from './session-host.js';
import type { KeysOf } from './session-keys.js';
import { SessionSignIn } from './session-sign-in.js';
import { inContextOf } from './session.context.js';

// Of what a session can do, each class has a group of methods, and stands on the one before:
//
// - SessionCommits: what the gate, the interceptors and sockets ask: whether a commit is due, running it, the cookie
// - SessionAccess: which session it is, loading it, and what may be done to it
// - SessionInfo: what it says about itself
// - SessionReading: reads values
// - SessionWriting: writes them
// - SessionUpdating: writes what is made of the value that is there
// - SessionFlash: flash messages
// - SessionSignIn: who is signed in, and how long it lives
// - RequestSession: storing, another id, removing; the shape of express-session

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
export class RequestSession<T extends object = SessionData> extends SessionSignIn<T> {
  #expressSession: object | null = null;

  static {
    countArguments(this.prototype, ARGUMENTS);
    refuseAssignments(this.prototype);
    // The values, and the messages that it sees; not the id.
    showInLogs(this.prototype, (session) => {
      if (!session.initiated) return { initiated: false };
      const { flash, readonlyValues: shown } = session.readable;
      return { ...flash.all(), ...shown };
    });
  }

  /**
   * Made by the package; an application is handed its sessions.
   *
   * @param own properties that it has besides. Default none
   */
  constructor(host: SessionHost, own: PropertyDescriptorMap = {}) {
    super(host);
    Object.defineProperties(this, own);
    // A property of its own, defined on it, would hide a method that the package calls.
    Object.preventExtensions(this);
  }

  /**
   * Calls something in the context of this session.
   *
   * @internal
   */
  protected inContext(call: () => void): void {
    inContextOf(this, call);
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
    return withCallback(() => Promise.resolve(this.commitCalled()).then(() => this), callback);
  }

  /**
   * The same as `commit`.
   *
   * @example
   * await session.put('cart', cart).save();
   */
  save(callback?: SessionCallback): Promise<this> {
    return this.commit(callback);
  }

  /**
   * Loads the session anew; what this request changed and did not commit is forgotten.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   * @example
   * await request.session.reload();
   */
  reload(callback?: SessionCallback): Promise<this> {
    return withCallback(() => this.#reload(), callback);
  }

  async #reload(): Promise<this> {
    if (!this.initiated) return this.initiate();
    await this.lifecycle.reload();
    return this;
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
    else this.movable.regenerate();
    return this;
  }

  /**
   * The same as `regenerate`.
   *
   * @example
   * session.roll().put('userId', user.id);
   */
  roll(callback?: SessionCallback): this {
    return this.regenerate(callback);
  }

  /**
   * Removes the record now and expires the cookie, with exactly the attributes it was set with. The session reads as
   * empty afterwards; a first write starts a new one with a new id.
   *
   * @param callback called at the end, with the error where there is one; for code written for express-session
   * @throws SessionStoreError where the store fails
   * @throws SessionError where the session is the cookie itself (`stealth`) and the head of the response has left
   * @example
   * await session.destroy();
   */
  destroy(callback?: SessionCallback): Promise<this> {
    return withCallback(() => this.#destroyed(this.endable.destroy()), callback);
  }

  /** The cookie of a session that lives there has to be expired, which may be too late. */
  async #destroyed(destroying: Promise<void>): Promise<this> {
    await destroying;
    if (this.host.tokens.length > 0 && this.isCookieLate) throw this.giveUpTooLate();
    return this;
  }

  /**
   * Destroys the session and its cookie: the same as `destroy()`.
   *
   * @example
   * await session.forget();
   */
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

  /**
   * Removes all values; the session and its id stay: the same as `flush()`.
   *
   * @example
   * session.delete();
   */
  delete(): this;
  /**
   * Removes values, and flash messages under the same keys: the same as `forget(keys)`.
   *
   * @example
   * session.delete('cart', 'coupon');
   */
  delete(...keys: KeysOf<T>): this;
  delete(...keys: GivenKeys | []): this {
    return keys.length === 0 ? this.flush() : this.#remove('delete', keys);
  }

  #remove(method: string, keys: readonly unknown[]): this {
    // Callers count their arguments: a key that is undefined by mistake must not remove everything.
    if (keys.includes(undefined)) throw noKey(method);
    const state = this.writable;
    for (const path of inOrderOfRemoval(givenKeys(method, keys))) state.forget(path);
    return this;
  }

  // ---- for code written for others -----------------------------------------------------------------------------

  /**
   * The same session in the shape of express-session: what `request.session` is. Made when it is first asked for.
   *
   * @internal
   */
  get expressSession(): object {
    return (this.#expressSession ??= expressSession(
      this,
      new ExpressValues(this, {
        readable: () => this.readable,
        writable: () => this.writable,
        lent: (state) => this.lent(state),
        endsWithBrowser: () => this.lifecycle.session.endsWithBrowser,
        now: () => this.lifecycle.session.runtime.clock.now(),
      }),
    ));
  }

  /**
   * What `request.flash` does, as connect-flash has it.
   *
   * @internal
   */
  connectFlash(...args: ConnectFlashArguments): unknown {
    return connectFlash(this.readable.flash, () => this.writable.flash, args);
  }
}

function noKey(method: string): SessionValueError {
  return new SessionValueError(
    `${method} got undefined in place of a key. Call it with nothing at all where everything is meant.`,
  );
}
