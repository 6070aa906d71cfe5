import { IntrinsicException } from '@nestjs/common';

/** Brands an UnloggedSessionError with the kind of SessionError that it is. */
const SESSION_ERROR: unique symbol = Symbol('nestjs-session-kit: error');

/**
 * The base of every error that this package throws.
 *
 * Each message says what was wrong, what was passed and what to do about it. It never contains a session id,
 * a token or a payload, but may name a session key.
 *
 * @example
 * try { await session.commit(); } catch (error) { if (error instanceof SessionError) report(error.message); }
 */
export class SessionError extends Error {
  /**
   * The status that Nest's default exception filter responds with when the error is not caught: 500 unless
   * stated otherwise. The visitor sees nothing else (`expose` is false).
   */
  readonly statusCode: number = 500;

  /**
   * @param message what was wrong, what was passed, what to do; nothing secret
   * @param options `cause`: the error behind this one
   */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The same as `statusCode`. Error handlers look for a status under both names (package http-errors). */
  get status(): number {
    return this.statusCode;
  }

  /** False: the message is for the log, not for the visitor. */
  get expose(): boolean {
    return false;
  }

  /**
   * An UnloggedSessionError also counts as an instance of the class that its brand names.
   *
   * @internal
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    if (!(value instanceof UnloggedSessionError)) return false;
    const kind = value[SESSION_ERROR];
    return kind === this || Object.prototype.isPrototypeOf.call(this, kind);
  }
}

/**
 * A SessionError that Nest's exception filters answer but do not log (IntrinsicException): it is no fault, or it
 * is the failure of a store, which is logged once and not for each request. Not exported by the package, but part
 * of its declarations.
 */
export abstract class UnloggedSessionError extends IntrinsicException implements SessionError {
  /** The status that Nest's default exception filter responds with when the error is not caught. */
  abstract readonly statusCode: number;

  /** An accessor, so that it is not logged with the error. @internal */
  get [SESSION_ERROR](): typeof SessionError {
    return SessionError;
  }

  /** The same as for SessionError. */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The same as `statusCode`. */
  get status(): number {
    return this.statusCode;
  }

  /** False: the application decides what the visitor is told. */
  get expose(): boolean {
    return false;
  }
}

/**
 * An option is invalid. Thrown while the application boots; names the option, the given value and what it
 * accepts.
 *
 * @example
 * throw new SessionConfigError('mongo.url got nothing; it takes a URL.'); // in a driver's `open`
 */
export class SessionConfigError extends SessionError {}

/**
 * There is no current session: the code runs outside an HTTP request and outside `SessionManager.run`, or on
 * a route that the option `exclude` names. Also thrown when `SessionManager.run` gets the id of a session
 * that does not exist (any more).
 *
 * @example
 * try { Session.put('lastJob', id); } catch (error) { if (!(error instanceof NoSessionError)) throw error; }
 */
export class NoSessionError extends SessionError {}

/**
 * A write was refused. Either the session was initiated read-only, or the write needs a cookie where none can
 * be sent (both respond with 500: a mistake in the application), or `whenStoreFails: 'degrade'` made the
 * session read-only (503, and Nest does not log it: the store failed).
 *
 * @example
 * try { session.increment('visits'); } catch (error) { if (!(error instanceof SessionReadonlyError)) throw error; }
 */
export class SessionReadonlyError extends SessionError {}

/**
 * The SessionReadonlyError of a session that is read-only because its store failed.
 *
 * @internal
 */
export class DegradedSessionError extends UnloggedSessionError {
  /** The name in logs. */
  static override readonly name = 'SessionReadonlyError';
  readonly statusCode: number = 503;

  override get [SESSION_ERROR](): typeof SessionError {
    return SessionReadonlyError;
  }
}

/**
 * A session cannot take a key or a value: a forbidden path segment, a `push` on something that is not a list,
 * an `increment` of something that is not a number, or, at commit, a value that the serializer cannot store.
 *
 * @example
 * try { session.increment('cart'); } catch (error) { if (error instanceof SessionValueError) report(error.message); }
 */
export class SessionValueError extends SessionError {
  override readonly statusCode: number;

  /**
   * @param message what was wrong, with the key
   * @param options `atCommit` is true if the value was found while storing: nothing of that commit was
   * stored, so the status is 503 and not 500. `isKey` is true if the key itself is invalid: keys written in
   * code are valid, so an invalid one is taken to come from the visitor, and the status is 400
   */
  constructor(message: string, options?: { cause?: unknown; atCommit?: boolean; isKey?: boolean }) {
    super(message, options);
    this.statusCode = options?.atCommit === true ? 503 : options?.isKey === true ? 400 : 500;
  }
}

/**
 * The session is larger than its driver can store. Names the size, the limit (both in bytes) and the largest
 * keys.
 *
 * @example
 * try { await session.commit(); } catch (error) { if (error instanceof SessionTooLargeError) session.forget('history'); }
 */
export class SessionTooLargeError extends SessionError {
  override readonly statusCode: number = 503;
}

/**
 * The store failed or did not answer within `storeTimeout`. `cause` is the error that its client reported. Nest
 * does not log it for each request: one line says that the store fails.
 *
 * @example
 * try { await sessions.destroy(id); } catch (error) { if (error instanceof SessionStoreError) retryLater(id); }
 */
export class SessionStoreError extends UnloggedSessionError {
  readonly statusCode: number = 503;
}
