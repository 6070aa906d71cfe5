import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionValueError } from '../session.errors.js';
import { inOrderOfRemoval } from '../state/removal-order.js';
import { ARGUMENTS, countArguments } from './argument-counts.js';
import { refuseAssignments } from './assignments.js';
import { type SessionCallback, isCallback } from './callback.js';
import { type GivenKeys, givenKeys } from './given-keys.js';
import type { HostedSession } from './hosted-session.js';
import { showInLogs } from './show-in-logs.js';
import type { SessionData } from './session-data.js';
import type { KeysOf } from './session-keys.js';
import { SessionSignIn } from './session-sign-in.js';

// Each class adds one group of methods to the class before it:
//
// - SessionChoice: which session it is, and loading it
// - SessionInfo: properties of the session
// - SessionReading: reads values
// - SessionWriting: writes values
// - SessionUpdating: writes values computed from the current ones
// - SessionFlash: flash messages
// - SessionSignIn: who is signed in, and how long the session lives
// - RequestSession: storing, changing the id, removing; the express-session shape
//
// The static block of RequestSession then wraps the methods of all of them, so that they refuse arguments too many,
// and makes every member refuse assignment.

/**
 * The session of one request: its values, its flash messages and its properties.
 *
 * Keys are dot paths (`user.teams`); a key that exists literally wins over the path. Methods without a result
 * of their own return the session. Nothing is stored before `commit`, which runs automatically before the
 * response is sent.
 *
 * Every method that writes throws SessionReadonlyError if the session is read-only. SessionValueError is thrown
 * for a key with `__proto__`, `prototype` or `constructor` in its path, and for arguments that a method does not
 * take. Between `setId` and `start`, reading and writing throw SessionError.
 *
 * @typeParam T the declared keys: the global `SessionData`, or a type of your own
 * @example
 * add(@Session() session: Session) {
 *   session.push('cart', { sku: 'mug', quantity: 1 }).flash('status', 'Added to your cart.');
 * }
 */
export class RequestSession<T extends object = SessionData> extends SessionSignIn<T> {
  static {
    countArguments(this.prototype, ARGUMENTS);
    refuseAssignments(this.prototype);
    // Shows the values and the flash messages that this request sees, but not the id.
    showInLogs(this.prototype, (session) => {
      if (!session.initiated) return { initiated: false };
      const { flash, readonlyValues: shown } = session.hosted.readable;
      return { ...flash.all(), ...shown };
    });
  }

  /**
   * Created by the package; applications are given their sessions.
   *
   * @param isFake whether a test made it, which may put spies in place of its methods. Default false
   */
  constructor(hosted: HostedSession, isFake = false) {
    super(hosted);
    // An own property defined later would hide a method that the package calls.
    if (!isFake) Object.preventExtensions(this);
  }

  // ---- storing -------------------------------------------------------------------------------------------------

  /**
   * Stores what changed. This happens automatically before the response is sent; call it yourself if
   * something else has to see the session before that. A second call stores only what changed since.
   *
   * @param callback called at the end, with the error if there is one; for code written for express-session
   * @throws SessionStoreError if the store fails
   * @throws SessionValueError if a value cannot be stored; names the key
   * @throws SessionTooLargeError if the session is too large for its driver
   * @throws SessionLimitError if the user who signs in has too many sessions (option `sessionsPerUser`)
   * @throws SessionError if it needs a cookie, and the response headers have been sent
   * @example
   * await session.put('export', 'running').commit(); // other requests see it while this one goes on
   */
  commit(callback?: SessionCallback): Promise<this> {
    return this.hosted.perform(() => Promise.resolve(this.hosted.commitCalled()).then(() => this), callback);
  }

  /**
   * The same as `commit`.
   *
   * @param callback called at the end, with the error if there is one; for code written for express-session
   * @throws what `commit` throws: SessionStoreError, SessionValueError, SessionTooLargeError
   * @example
   * await session.put('cart', cart).save();
   */
  save(callback?: SessionCallback): Promise<this> {
    return this.commit(callback);
  }

  /**
   * Reloads the session; changes that this request has not committed are discarded. If it changes the session before
   * the reload is done, nothing is discarded or reloaded, and the commit adds all changes to what is stored then.
   *
   * @param callback called at the end, with the error if there is one; for code written for express-session
   * @throws SessionStoreError if the store fails
   * @example
   * await request.session.reload();
   */
  reload(callback?: SessionCallback): Promise<this> {
    return this.hosted.perform(() => this.hosted.reload().then(() => this), callback);
  }

  // ---- id ------------------------------------------------------------------------------------------------------

  /**
   * Gives the session a new id; the data stays. At commit, the old id stops opening the session: for half a minute
   * it only leads commits under way to the new one. Call it at sign-in (OWASP Session Management Cheat Sheet,
   * "Renew the Session ID After Any Privilege Level Change").
   *
   * @param callback called soon afterwards; for code written for express-session
   * @throws SessionReadonlyError if the session is read-only, or no cookie can be sent (a socket, a job)
   * @example
   * session.regenerate().put('userId', user.id);
   */
  regenerate(callback?: SessionCallback): this {
    if (isCallback(callback)) void this.hosted.perform(() => Promise.resolve(this.regenerate()), callback);
    else this.hosted.movable.regenerate();
    return this;
  }

  /**
   * The same as `regenerate`.
   *
   * @param callback as for `regenerate`
   * @throws SessionReadonlyError like `regenerate`
   * @example
   * session.roll().put('userId', user.id);
   */
  roll(callback?: SessionCallback): this {
    return this.regenerate(callback);
  }

  /**
   * Removes the record now and expires the cookie, with exactly the attributes it was set with. The session
   * reads as empty afterwards; the next write starts a new session with a new id.
   *
   * @param callback called at the end, with the error if there is one; for code written for express-session
   * @throws SessionStoreError if the store fails
   * @throws SessionError if the session lives in the cookie (`stealth`) and it is too late to expire that
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * await session.destroy();
   */
  destroy(callback?: SessionCallback): Promise<this> {
    return this.hosted.perform(() => this.#destroy(this.hosted.endable), callback);
  }

  async #destroy(life: SessionLifecycle): Promise<this> {
    // Asked first: a head that is sent while the session is being removed expires the cookie.
    const isTooLate =
      this.hosted.host.headSent && (this.hosted.host.tokens.length > 0 || life.session.base !== null);
    await life.destroy();
    if (isTooLate && life.livesInCookie) throw this.hosted.giveUpTooLate();
    return this;
  }

  /**
   * Destroys the session and its cookie, like `destroy()`.
   *
   * @throws what `destroy` throws
   * @example
   * await session.forget();
   */
  forget(): Promise<this>;
  /**
   * Removes values, and flash messages under the same keys.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if a key is undefined, so that a mistake cannot end the session
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.forget('cart').forget('draft', 'search.filters')
   */
  forget(...keys: KeysOf<T>): this;
  forget(...keys: GivenKeys | []): this | Promise<this> {
    return keys.length === 0 ? this.destroy() : this.#remove('forget', keys);
  }

  /**
   * Removes all values, like `flush()`; the session and its id stay.
   *
   * @throws SessionReadonlyError if the session is read-only
   * @example
   * session.delete();
   */
  delete(): this;
  /**
   * Removes values, and flash messages under the same keys, like `forget(keys)`.
   *
   * @param keys dot paths: one, several, or a list of them
   * @throws SessionValueError if a key is undefined or invalid; SessionReadonlyError if the session is read-only
   * @example
   * session.delete('cart', 'coupon');
   */
  delete(...keys: KeysOf<T>): this;
  delete(...keys: GivenKeys | []): this {
    return keys.length === 0 ? this.flush() : this.#remove('delete', keys);
  }

  #remove(method: string, keys: readonly unknown[]): this {
    // Callers check the number of arguments: a key that is undefined by mistake must not remove everything.
    if (keys.includes(undefined)) throw noKey(method);
    const state = this.hosted.writable;
    for (const path of inOrderOfRemoval(givenKeys(method, keys))) state.forget(path);
    return this;
  }
}

function noKey(method: string): SessionValueError {
  return new SessionValueError(
    `${method} got undefined in place of a key. Call it with nothing at all where everything is meant.`,
  );
}
