import type { CookieInstruction } from '../lifecycle/cookie-instruction.js';
import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { tooLate } from './wording.js';
import type { SessionHost } from './session-host.js';

/**
 * The commit side of a request's session, for the gate, the interceptors and sockets: whether a commit is due, running it, and what
 * the response has to do about the cookie.
 */
export abstract class SessionCommits {
  /** Private, so that neither console.log nor JSON shows what a request carried. */
  readonly #host: SessionHost;
  #life: SessionLifecycle | null = null;
  /** Whether the response waits for a commit. */
  #armed = false;
  /** Whether the response has ended. */
  #isHostOver = false;
  /** Written after the end, and not committed yet. */
  #unattended = false;
  #handedOut = false;

  /** Made by the package; an application is handed its sessions. */
  constructor(host: SessionHost) {
    this.#host = host;
  }

  /** @internal */
  get host(): SessionHost {
    return this.#host;
  }

  // ---- for the methods of the session --------------------------------------------------------------------------

  /** Made when it is first asked for: a request that does not use its session has none. */
  protected get lifecycle(): SessionLifecycle {
    return (this.#life ??= this.#host.createLifecycle());
  }

  /** Null as long as the session was not used. */
  protected get lifecycleSoFar(): SessionLifecycle | null {
    return this.#life;
  }

  /** Has the response wait for commits from now on (the gate), once. */
  protected arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#host.arm?.(this);
  }

  /** Something is about to be written. */
  protected written(): void {
    this.arm();
    if (this.#isHostOver) this.#writeLate();
  }

  /** No response waits for it any more. The application has until the next turn of the event loop to call `commit`. */
  #writeLate(): void {
    if (this.#unattended) return;
    this.#unattended = true;
    setImmediate(() => {
      if (this.#unattended) this.#host.writtenLate?.();
      this.#unattended = false;
    });
  }

  /** Whether the session lives in the cookie, and none can be sent any more. */
  protected get isCookieLate(): boolean {
    return this.#host.headSent && this.lifecycle.livesInCookie;
  }

  /**
   * What was done needs a cookie that cannot reach the browser any more: it comes to nothing, and the log says so, once a
   * request. A session that was invalidated is ended all the same.
   *
   * @returns the error for whoever waits for it
   */
  protected giveUpTooLate(): Error {
    const { lifecycle } = this;
    if (!lifecycle.isTooLate) this.#host.tooLate?.();
    lifecycle.abandonTooLate();
    return this.#host.refusal?.(lifecycle.livesInCookie ? 'seal' : 'begin') ?? tooLate();
  }

  // ---- for the platform ----------------------------------------------------------------------------------------

  /**
   * It is handed to the application: what that answers from now on may be one visitor's own.
   *
   * @internal
   */
  handOut(): this {
    this.#handedOut = true;
    return this;
  }

  /**
   * Whether the application was handed the session in this request.
   *
   * @internal
   */
  get handedOut(): boolean {
    return this.#handedOut;
  }

  /**
   * The response has ended: from now on nothing is committed by itself.
   *
   * @internal
   */
  hostOver(): void {
    this.#isHostOver = true;
  }

  /**
   * From here on the request is no visit: it renews nothing, and uses no messages up.
   *
   * @internal
   */
  bePassive(): void {
    this.#host.bePassive?.();
    this.#life?.session.bePassive();
  }

  /**
   * Whether a commit has anything to do. Without a look at the session where the response waits for nothing.
   *
   * @internal
   */
  get due(): boolean {
    return this.#armed && this.#life !== null && this.#life.due;
  }

  /**
   * Whether the id of a session that is not stored was asked for: where the response sets a cookie, it begins.
   *
   * @internal
   */
  get holdsId(): boolean {
    return this.#life !== null && this.#life.session.idRead && this.#life.session.loaded === null;
  }

  /**
   * Begins a session to which nothing was written.
   *
   * @internal
   */
  begin(): void {
    this.#life?.session.begin();
  }

  /**
   * Commits what is due; without a promise where nothing has to be waited for.
   *
   * @internal
   */
  commitDue(): Promise<void> | void {
    this.#unattended = false;
    const life = this.#life;
    // Without a look at the session where the response waits for nothing.
    if (life === null || !this.#armed) return;
    return this.#isTooLate(life) ? Promise.reject(this.giveUpTooLate()) : life.commit();
  }

  /** An explicit `commit()`. After changes were dropped as too late it rejects, although nothing is due any more. */
  protected commitCalled(): Promise<void> | void {
    const life = this.#life;
    const isDropped = life !== null && life.isTooLate && life.state.hasChanges;
    return isDropped ? Promise.reject(this.giveUpTooLate()) : this.commitDue();
  }

  /**
   * Drops what was changed where it is too late for the cookie that it needs.
   *
   * @internal
   */
  refuseTooLate(): void {
    if (this.#life !== null && this.#isTooLate(this.#life)) this.giveUpTooLate();
  }

  #isTooLate(life: SessionLifecycle): boolean {
    // The head first: the other two look for changes, and it seldom has left.
    return this.#host.headSent && life.due && life.needsCookie;
  }

  /**
   * Nothing more is stored of this request, and the response says nothing about the cookie: a commit has failed, or nothing was to be
   * stored from the start.
   *
   * @internal
   */
  abandon(): void {
    this.#life?.abandon();
  }

  /**
   * Whether nothing more is stored of this request (`abandon`).
   *
   * @internal
   */
  get abandoned(): boolean {
    return this.#life !== null && this.#life.abandoned;
  }

  /**
   * A session that is not stored yet is not to begin in this request: what is written to it is for the request alone.
   *
   * @returns tells whether anything was written that would have been stored; null where the session has begun already
   * @internal
   */
  beginNothing(): (() => boolean) | null {
    const life = this.#life;
    if (life === null || life.session.loaded !== null) return null;
    life.abandon();
    return () => life.state.hasChanges;
  }

  /**
   * What the response has to do about the cookie.
   *
   * @internal
   */
  cookieInstruction(cameWithCookie: boolean): CookieInstruction {
    return this.#life?.cookie(cameWithCookie) ?? { kind: 'none' };
  }
}
