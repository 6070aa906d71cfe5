import type { CookieInstruction } from '../lifecycle/cookie-instruction.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionStoreError } from '../session.errors.js';
import { tooLate } from './wording.js';
import type { SessionHost } from './session-host.js';
import { showInLogs } from './show-in-logs.js';

/**
 * The commit side of a request's session, for the response gate, the interceptors and sockets: whether a
 * commit is due, running it, and what the response has to do about the cookie.
 */
export abstract class SessionCommits {
  // Private, as the request and each timer that it starts lead here: `console.dir` and the diff of a failing test
  // show all other fields of them, ids and tokens among those.
  readonly #host: SessionHost;
  #life: SessionLifecycle | null = null;
  /** Whether the response waits for a commit. */
  #armed = false;
  /** Whether the response has ended. */
  #isHostOver = false;
  /** Whether the session was written after the response ended, and not committed yet. */
  #unattended = false;
  /** Whether the application was given the session: the response may now be specific to one visitor. */
  handedOut = false;
  /** Which answers no cache may keep, as the store has failed. */
  #uncached: 'none' | 'errors' | 'all' = 'none';

  static {
    // For the same reason, console.log must not show the values.
    showInLogs(this.prototype, () => ({}));
  }

  constructor(host: SessionHost) {
    this.#host = host;
  }

  get host(): SessionHost {
    return this.#host;
  }

  /** Null until the session is used. */
  get life(): SessionLifecycle | null {
    return this.#life;
  }

  /** Created on first access: a request that does not use its session has no lifecycle. */
  get lifecycle(): SessionLifecycle {
    return (this.#life ??= this.#host.createLifecycle());
  }

  // ---- for the methods of the session --------------------------------------------------------------------------

  /** Makes the response wait for commits from now on (the gate). */
  arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#host.arm?.(this);
  }

  /** Called before every write. */
  written(): void {
    this.arm();
    if (this.#isHostOver) this.#writeLate();
  }

  /**
   * No response waits for this write any more. The application has until the next turn of the event loop to
   * call `commit`.
   */
  #writeLate(): void {
    if (this.#unattended) return;
    this.#unattended = true;
    setImmediate(() => {
      if (this.#unattended) this.#host.writtenAfterEnd?.();
      this.#unattended = false;
    });
  }

  /**
   * Drops changes that need a cookie which can no longer reach the browser, and logs this once per request. A
   * session that was invalidated is ended all the same.
   *
   * @returns the error to reject with
   */
  giveUpTooLate(): Error {
    const { lifecycle } = this;
    if (!lifecycle.wasTooLate) this.#host.reportTooLate?.();
    lifecycle.abandonTooLate();
    return this.#host.refusal?.(lifecycle.livesInCookie ? 'seal' : 'begin') ?? tooLate();
  }

  // ---- for the platform ----------------------------------------------------------------------------------------

  /**
   * Called when the response has ended: from now on nothing is committed automatically.
   *
   * @param isOver false if its end was refused, and it still goes on. Default true
   */
  hostOver(isOver = true): void {
    this.#isHostOver = isOver;
  }

  /**
   * Marks the request as passive from now on: it is not a visit, renews nothing and consumes no flash
   * messages.
   */
  bePassive(): void {
    this.#host.bePassive?.();
    this.#life?.session.bePassive();
  }

  /** Whether a commit has anything to do. The session is not looked at unless it is armed. */
  get due(): boolean {
    return this.#armed && this.#life !== null && this.#life.due;
  }

  /**
   * Whether the id of a session that is not stored was read: if the response sets a cookie, the session
   * begins.
   */
  get holdsId(): boolean {
    return this.#life !== null && this.#life.session.idRead && this.#life.session.base === null;
  }

  /** Makes the next commit store the session although nothing was written to it. */
  begin(): void {
    this.#life?.session.begin();
  }

  /** Commits what is due; returns no promise if there is nothing to wait for. */
  commitDue(): Promise<void> | void {
    this.#unattended = false;
    const life = this.#life;
    // The session is not looked at unless it is armed.
    if (life === null || !this.#armed) return;
    const refused = this.refuseTooLate();
    return refused === undefined ? life.commit() : Promise.reject(refused);
  }

  /**
   * An explicit `commit()`. It also rejects after changes were dropped as too late, although nothing is due
   * any more.
   */
  commitCalled(): Promise<void> | void {
    this.#unattended = false;
    const life = this.#life;
    const isDropped = life !== null && life.wasTooLate && life.state.hasChanges;
    return isDropped ? Promise.reject(this.giveUpTooLate()) : this.commitDue();
  }

  /** Drops changes that need a cookie if it is too late to send one; returns what their commit rejects with. */
  refuseTooLate(): Error | undefined {
    const life = this.#life;
    // `headSent` first: it is seldom true, and the other two have to look for changes.
    const isTooLate = this.#host.headSent && life !== null && life.due && life.needsCookie;
    return isTooLate ? this.giveUpTooLate() : undefined;
  }

  /**
   * Stops storing anything for this request, and leaves the cookie out of the response: a commit has failed,
   * or nothing was to be stored from the start.
   */
  abandon(): void {
    this.#life?.abandon();
  }

  /** Called when an operation of the session failed. */
  operationFailed(error: unknown): void {
    if (error instanceof SessionStoreError) this.storeFailed();
  }

  /**
   * Called when the store failed: no cache may keep an error that answers the request. A success is left as it
   * is, since the application has caught the failure then.
   */
  storeFailed(): void {
    if (this.#uncached !== 'none') return;
    this.#uncached = 'errors';
    this.#host.keepUncached?.(this);
  }

  /** Called when the request is answered with a failure of the store: no cache may keep the answer. */
  keepUncached(): void {
    this.#uncached = 'all';
    this.#host.keepUncached?.(this);
  }

  /** Whether no cache may keep an answer with this status, as the session could not be stored or loaded. */
  isUncached(status: unknown): boolean {
    return this.#uncached === 'all' || (this.#uncached === 'errors' && !isSuccess(status));
  }

  /** Whether storing was stopped for this request (`abandon`). */
  get abandoned(): boolean {
    return this.#life !== null && this.#life.abandoned;
  }

  /**
   * Prevents a session that is not stored yet from beginning in this request: what is written to it is
   * visible to this request only.
   *
   * @returns a function that tells whether anything was written that would have been stored; null if the
   * session has begun already
   */
  beginNothing(): (() => boolean) | null {
    const life = this.#life;
    if (life === null || life.session.base !== null) return null;
    life.abandon();
    return () => life.state.hasChanges;
  }

  /** What the response has to do about the cookie. */
  cookieInstruction(cameWithCookie: boolean): CookieInstruction {
    return this.#life?.cookieInstruction(cameWithCookie) ?? { kind: 'none' };
  }
}

/** Whether a status says that the request succeeded. A redirect may lead to a page that says the opposite. */
function isSuccess(status: unknown): boolean {
  const code = Number(status);
  return code < 300 || code === 304;
}
