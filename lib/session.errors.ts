/** What a SessionError has that extends another class. */
export const SESSION_ERROR: unique symbol = Symbol('nestjs-session-kit: error');

/**
 * The base of every error that this package throws.
 *
 * An error says what was wrong, what it got and what to do about it. It never carries a session id, a token or a
 * payload; a key of the session may be named.
 *
 * @example
 * try { await session.commit(); } catch (error) { if (error instanceof SessionError) report(error.message); }
 */
export class SessionError extends Error {
  /**
   * The status that Nest's default exception filter answers with when nobody catches the error: 500 unless said
   * otherwise. The visitor is told no more than that (`expose` is false).
   */
  readonly statusCode: number = 500;

  /**
   * @param message what was wrong, what it got, what to do; nothing secret
   * @param options `cause`: the error behind this one
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The same as `statusCode`. By these two names error handlers know an error with a status (package http-errors). */
  get status(): number {
    return this.statusCode;
  }

  /** False: the message is for the log, not for the visitor. */
  get expose(): boolean {
    return false;
  }

  /**
   * An error that extends another class is one too, where it is branded.
   *
   * @internal
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this === SessionError && typeof value === 'object' && value !== null && SESSION_ERROR in value)
      return true;
    return Function.prototype[Symbol.hasInstance].call(this, value);
  }
}

/**
 * An option is wrong. Thrown while the application boots; names the option, what it got and what it takes.
 *
 * @example
 * throw new SessionConfigError('mongo.url got nothing; it takes a URL.'); // in a driver's `open`
 */
export class SessionConfigError extends SessionError {}

/**
 * There is no session here: the code runs outside an HTTP request and outside `SessionManager.run`, or on a route that the option
 * `exclude` names; or `SessionManager.run` got the id of a session that is not there (any more).
 *
 * @example
 * try { Session.put('lastJob', id); } catch (error) { if (!(error instanceof NoSessionError)) throw error; }
 */
export class NoSessionError extends SessionError {}

/**
 * A write on a session that was initiated read-only, or that would need a cookie where none can be sent (the answer is 500: the
 * application's mistake), or that `whenStoreFails: 'degrade'` made read-only (503: the store's).
 *
 * @example
 * try { session.increment('visits'); } catch (error) { if (!(error instanceof SessionReadonlyError)) throw error; }
 */
export class SessionReadonlyError extends SessionError {
  override readonly statusCode: number;

  /**
   * @param message what was refused and what to do
   * @param options `degraded` is true where the session is read-only because its store failed. Default false
   */
  constructor(message: string, options?: ErrorOptions & { degraded?: boolean }) {
    super(message, options);
    this.statusCode = options?.degraded === true ? 503 : 500;
  }
}

/**
 * A key or a value that a session cannot take: a forbidden path segment, a `push` on something that is no list, an
 * `increment` of something that is no number, or, at commit, a value that the serializer cannot store.
 *
 * @example
 * try { session.increment('cart'); } catch (error) { if (error instanceof SessionValueError) report(error.message); }
 */
export class SessionValueError extends SessionError {
  override readonly statusCode: number;

  /**
   * @param message what was wrong, with the key
   * @param options `atCommit` is true where the value was found while storing: nothing of that commit was stored, so
   * the answer is 503 and not 500. `isKey` is true where it is the key that cannot be one: keys that are written into a
   * program can, so it will have come from the visitor, and the answer is 400
   */
  constructor(message: string, options?: ErrorOptions & { atCommit?: boolean; isKey?: boolean }) {
    super(message, options);
    this.statusCode = options?.atCommit === true ? 503 : options?.isKey === true ? 400 : 500;
  }
}

/**
 * The session is larger than its driver can keep. Names the size, the limit (both in bytes) and the largest keys.
 *
 * @example
 * try { await session.commit(); } catch (error) { if (error instanceof SessionTooLargeError) session.forget('history'); }
 */
export class SessionTooLargeError extends SessionError {
  override readonly statusCode: number = 503;
}

/**
 * The store failed or did not answer within `storeTimeout`. `cause` is what its client reported.
 *
 * @example
 * try { await sessions.destroy(id); } catch (error) { if (error instanceof SessionStoreError) retryLater(id); }
 */
export class SessionStoreError extends SessionError {
  override readonly statusCode: number = 503;
}
