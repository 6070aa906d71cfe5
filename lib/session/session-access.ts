import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { ActiveSession } from '../lifecycle/active-session.js';
import type { SessionState } from '../state/session-state.js';
import { notInitiated, readonlySession, tooLate } from './wording.js';
import { SessionCommits } from './session-commits.js';
import type { CookieNeed, SessionHost } from './session-host.js';

/**
 * The one way to a session's data for the methods that an application calls. Those that read go through `readable`, those
 * that write through `writable` or `changeable`: these say whether it is allowed, and have the response wait for a commit.
 */
export abstract class SessionAccess extends SessionCommits {
  #initiated: boolean;
  #handedOut = false;

  /** Made by the package; an application is handed its sessions. */
  constructor(host: SessionHost) {
    super(host);
    this.#initiated =
      host.tokens.length === 0 && host.earlierTokens === undefined && host.takeOver === undefined;
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
    return this.lifecycleSoFar !== null && this.lifecycleSoFar.session.readonly;
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
    if (!this.#initiated) throw this.host.unavailable ?? notInitiated();
    return this.lifecycle.state;
  }

  /** For what writes. Asked before the write: one that is refused changes nothing. */
  protected get writable(): SessionState {
    return this.changeable.state;
  }

  /** For what changes more than the values: the id, the expiry, whether there is a session at all. */
  protected get changeable(): SessionLifecycle {
    const life = this.endable;
    if (this.host.refusal !== undefined && life.session.loaded === null) this.#refuse(life, 'begin');
    return life;
  }

  /** For what gives the session another id. */
  protected get movable(): SessionLifecycle {
    const life = this.changeable;
    if (this.host.refusal !== undefined) this.#refuse(life, 'move');
    return life;
  }

  /** For what ends the session: no error where there is none. */
  protected get endable(): SessionLifecycle {
    if (!this.#initiated) throw this.host.unavailable ?? notInitiated();
    const life = this.lifecycle;
    if (life.session.readonly) throw readonlySession(life.session.degraded);
    if (this.host.refusal !== undefined && life.livesInCookie) this.#refuse(life, 'seal');
    this.written();
    return life;
  }

  /** @throws SessionReadonlyError where no cookie can be sent: the browser would stay with the session that it has */
  protected assertSwitchable(): void {
    if (this.host.refusal !== undefined) throw this.host.refusal('move');
  }

  /** Where no cookie can be sent. What is not to be stored anyway needs none. */
  #refuse(life: SessionLifecycle, need: CookieNeed): void {
    if (!life.abandoned && this.host.refusal !== undefined) throw this.host.refusal(need);
  }

  /** To be called after a value was handed out: an object may be mutated in place, and that has to be committed. */
  protected lent(state: SessionState): void {
    if (state.lent) this.arm();
  }

  /** The id of a session that is not stored goes out: the response looks whether a cookie is made of it. */
  protected tellId(session: ActiveSession): void {
    if (this.host.headSent) return;
    session.idTold = true;
    this.arm();
  }

  protected setInitiated(initiated: boolean): void {
    this.#initiated = initiated;
  }

  /**
   * Extends the expiry. Where the lifetime is in the cookie, that takes a new one, and is refused as a commit is.
   */
  protected extend(): Promise<void> {
    const life = this.changeable;
    if (!this.isCookieLate(life) || life.session.loaded === null) return life.touch();
    life.abandonTooLate();
    this.host.tooLate?.();
    return Promise.reject(tooLate());
  }

  /**
   * Where the session lives in the cookie, and none can be sent any more, what was done to it comes to nothing.
   *
   * @throws SessionError
   */
  protected assertCookieCanLeave(): void {
    if (!this.isCookieLate(this.lifecycle)) return;
    this.host.tooLate?.();
    throw tooLate();
  }
}
