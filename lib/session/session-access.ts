import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { ActiveSession } from '../lifecycle/active-session.js';
import type { CookieInstruction } from '../lifecycle/cookie-instruction.js';
import type { SessionState } from '../state/session-state.js';
import { notInitiated, readonlySession, tooLate } from './refusals.js';
import type { CookieNeed, SessionHost } from './session-host.js';

/**
 * The one way to a session's data, for both sides. Methods of the session that read go through `readable`, those that
 * write through `writable` or `changeable`: these say whether it is allowed, and have the response wait for a commit. The
 * platform asks before it sends the response: whether a commit is due, and what comes of the cookie.
 */
export abstract class SessionAccess {
  /** Private, so that neither console.log nor JSON shows what a request carried. */
  readonly #host: SessionHost;
  #life: SessionLifecycle | null = null;
  #initiated: boolean;
  #handedOut = false;
  /** Whether the response waits for a commit. */
  #armed = false;
  /** Whether the response has ended. */
  #over = false;
  /** Written after the end, and not committed yet. */
  #unattended = false;

  /** Made by the package; an application is handed its sessions. */
  constructor(host: SessionHost) {
    this.#host = host;
    this.#initiated =
      host.tokens.length === 0 && host.formerTokens === undefined && host.takeOver === undefined;
  }

  /** @internal */
  get host(): SessionHost {
    return this.#host;
  }

  /**
   * Whether the session is loaded: always so in handlers, guards and pipes, but between `setId` and `start`.
   *
   * @example
   * if (!session.initiated) await session.initiate();
   */
  get initiated(): boolean {
    return this.#initiated;
  }

  /** The same as `initiated`. */
  get ready(): boolean {
    return this.#initiated;
  }

  /**
   * Whether writing is refused: initiated so, or made so by `whenStoreFails: 'degrade'`.
   *
   * @example
   * if (!session.readonly) session.increment('visits');
   */
  get readonly(): boolean {
    return this.#life !== null && this.#life.session.readonly;
  }

  // ---- for the doors by which applications come to it ---------------------------------------------------------

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

  // ---- for the methods of the session --------------------------------------------------------------------------

  /** For what reads. */
  protected get readable(): SessionState {
    if (!this.#initiated) throw this.#host.unavailable ?? notInitiated();
    return (this.#life ?? this.lifecycle).state;
  }

  /** For what writes. Asked before the write: one that is refused changes nothing. */
  protected get writable(): SessionState {
    return this.changeable.state;
  }

  /** For what changes more than the values: the id, the expiry, whether there is a session at all. */
  protected get changeable(): SessionLifecycle {
    const life = this.endable;
    if (this.#host.refusal !== undefined && life.session.loaded === null) this.#refuse(life, 'begin');
    return life;
  }

  /** For what gives the session another id. */
  protected get movable(): SessionLifecycle {
    const life = this.changeable;
    if (this.#host.refusal !== undefined) this.#refuse(life, 'move');
    return life;
  }

  /** For what ends the session: no error where there is none. */
  protected get endable(): SessionLifecycle {
    if (!this.#initiated) throw this.#host.unavailable ?? notInitiated();
    const life = this.#life ?? this.lifecycle;
    if (life.session.readonly) throw readonlySession(life.session.degraded);
    if (this.#host.refusal !== undefined && life.livesInCookie) this.#refuse(life, 'seal');
    if (!this.#armed) this.#arm();
    if (this.#over) this.#writeLate();
    return life;
  }

  /** @throws SessionReadonlyError where no cookie can be sent: the browser would stay with the session that it has */
  protected assertSwitchable(): void {
    if (this.#host.refusal !== undefined) throw this.#host.refusal('move');
  }

  /** Where no cookie can be sent. What is not to be stored anyway needs none. */
  #refuse(life: SessionLifecycle, need: CookieNeed): void {
    if (!life.abandoned && this.#host.refusal !== undefined) throw this.#host.refusal(need);
  }

  /** To be called after a value was handed out: an object may be mutated in place, and that has to be committed. */
  protected lent(state: SessionState): void {
    if (!this.#armed && state.lent) this.#arm();
  }

  /** Something may have to be committed: the response waits for that from now on. */
  protected arm(): void {
    if (!this.#armed) this.#arm();
  }

  /** The id of a session that is not stored goes out: the response looks whether a cookie is made of it. */
  protected tellId(session: ActiveSession): void {
    if (this.#host.headSent) return;
    session.idTold = true;
    this.arm();
  }

  #arm(): void {
    this.#armed = true;
    this.#host.arm(this);
  }

  protected get lifecycle(): SessionLifecycle {
    return (this.#life ??= this.#host.createLifecycle());
  }

  /** Null as long as the session was not used. */
  protected get lifecycleSoFar(): SessionLifecycle | null {
    return this.#life;
  }

  protected setInitiated(initiated: boolean): void {
    this.#initiated = initiated;
  }

  /** Nothing stores it by itself any more. The application has until the next turn of the event loop to call `commit`. */
  #writeLate(): void {
    if (this.#unattended) return;
    this.#unattended = true;
    setImmediate(() => {
      if (this.#unattended) this.#host.writtenLate();
      this.#unattended = false;
    });
  }

  // ---- for the platform ----------------------------------------------------------------------------------------

  /**
   * The response has ended: from now on nothing is committed by itself.
   *
   * @internal
   */
  over(): void {
    this.#over = true;
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
    return this.#life !== null && this.#life.session.idTold && this.#life.session.loaded === null;
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
    if (life === null) return;
    return this.#dropTooLate(life) ? Promise.reject(this.#tooLate(life)) : life.commit();
  }

  /**
   * Where the head of the response has left and a commit would need a cookie, what was changed is dropped, and the log says
   * so. A session that was invalidated is ended all the same.
   *
   * @internal
   * @returns whether it was so
   */
  refuseTooLate(): boolean {
    const life = this.#life;
    return life !== null && this.#dropTooLate(life);
  }

  /**
   * Extends the expiry. Where the lifetime is in the cookie, that takes a new one, and is refused as a commit is.
   */
  protected extend(): Promise<void> {
    const life = this.changeable;
    if (!this.#isCookieLate(life) || life.session.loaded === null) return life.touch();
    life.abandonTooLate();
    this.#host.tooLate();
    return Promise.reject(tooLate());
  }

  /** Whether the session lives in the cookie, and none can be sent any more. */
  #isCookieLate(life: SessionLifecycle): boolean {
    return this.#host.headSent && life.livesInCookie;
  }

  #dropTooLate(life: SessionLifecycle): boolean {
    // The head first: the other two look for changes, and it seldom has left.
    if (!this.#host.headSent || !life.due || !life.needsCookie) return false;
    life.abandonTooLate();
    this.#host.tooLate();
    return true;
  }

  #tooLate(life: SessionLifecycle): Error {
    return this.#host.refusal?.(life.livesInCookie ? 'seal' : 'begin') ?? tooLate();
  }

  /**
   * Where the session lives in the cookie, and none can be sent any more, what was done to it comes to nothing.
   *
   * @throws SessionError
   */
  protected assertCookieCanLeave(): void {
    if (!this.#isCookieLate(this.lifecycle)) return;
    this.#host.tooLate();
    throw tooLate();
  }

  /**
   * After a failed commit: nothing is tried again, and the response says nothing about the cookie.
   *
   * @internal
   */
  abandon(): void {
    this.#life?.abandon();
  }

  /**
   * Whether a commit of this session failed for good.
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
    return () => life.state.due;
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
