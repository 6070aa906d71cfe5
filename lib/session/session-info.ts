import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionAccess } from './session-access.js';

/** What a session says about itself. */
export abstract class SessionInfo extends SessionAccess {
  #asksForEnd = false;

  /**
   * The raw id, made when first asked for. Keep it out of logs and pages.
   *
   * Where there is no session yet, the next request has another id unless this one writes something. One case is looked
   * after: was the id asked for, and does the response set a cookie of the application's own, then the session begins with
   * it. So a token made of the id that the visitor is given as a cookie (csrf-csrf) is still right when the form comes back.
   *
   * @example
   * await manager.destroy(session.id);
   */
  get id(): string {
    return this.#lifecycleWithIdRead.session.id;
  }

  /** The same as `id`. */
  get sessionId(): string {
    return this.id;
  }

  /**
   * As it travels in the cookie: the signed id. With `stealth` the sealed session itself, as it was last committed;
   * empty before that; where its ledger has the session, the signed id. Keep it out of logs and pages: who holds it holds the session.
   *
   * @example
   * return { token: session.signedId };
   */
  get signedId(): string {
    return this.#lifecycleWithIdRead.token;
  }

  /**
   * For what tells the id. That of a session which is not stored arms the gate: it stores the session if the response sets a
   * cookie of the application's.
   */
  get #lifecycleWithIdRead(): SessionLifecycle {
    const { lifecycle } = this;
    const { session } = lifecycle;
    if (session.loaded === null && !session.idRead && !this.host.headSent) {
      session.idRead = true;
      this.arm();
    }
    return lifecycle;
  }

  /**
   * Whether the id was made in this request: no session came in, or `regenerate` was called.
   *
   * @example
   * if (session.fresh) this.welcome();
   */
  get fresh(): boolean {
    return this.lifecycleSoFar?.session.fresh ?? true;
  }

  /**
   * Whether the store (with `stealth`: the visitor's cookie) has a record of this session.
   *
   * @example
   * if (session.stored) await session.touch();
   */
  get stored(): boolean {
    return this.lifecycleSoFar !== null && this.lifecycleSoFar.session.loaded !== null;
  }

  /**
   * Whether writing is refused: initiated so, or made so by `whenStoreFails: 'degrade'`.
   *
   * @example
   * if (!session.readonly) session.increment('visits');
   */
  get readonly(): boolean {
    return this.lifecycleSoFar?.session.readonly ?? false;
  }

  /**
   * Whether there is nothing to read, flash messages included.
   *
   * @example
   * if (session.isEmpty) return [];
   */
  get isEmpty(): boolean {
    return this.lifecycleSoFar === null || this.readable.isEmpty;
  }

  /**
   * Whether this request changed something that is not stored yet.
   *
   * @example
   * if (session.isModified) await session.commit();
   */
  get isModified(): boolean {
    return this.lifecycleSoFar?.session.modified ?? false;
  }

  /**
   * How long the session lives without a visit, in ms: what `setDuration` said, otherwise the option `age`.
   *
   * @example
   * const minutes = session.duration / 60_000;
   */
  get duration(): number {
    return this.lifecycle.session.duration;
  }

  /**
   * When the session ends unless it is visited again, in epoch ms.
   *
   * @example
   * const left = session.expiresAt - Date.now();
   */
  get expiresAt(): number {
    return this.lifecycle.session.expiresAt;
  }

  /**
   * Fires (`abort`) when the session ends while the response runs: signed out, invalidated or destroyed, by this request or
   * another, or expired. For streams and Server-Sent Events, which would go on after a sign-out. At once where it happens in
   * this process, within the option `sockets.checkEvery` where it happens in another; with `stealth` and no ledger only what this
   * process ends is known. A new id (`regenerate`) ends nothing. When the response has ended it does not fire any more.
   *
   * @example
   * `@Sse('prices')` prices(`@Session()` session: Session) {
   *   return this.prices.pipe(takeUntil(fromEvent(session.ended, 'abort')));
   * }
   */
  get ended(): AbortSignal {
    const { ended } = this.lifecycle;
    if (!this.#asksForEnd) {
      this.#asksForEnd = true;
      this.host.onceOver(() => {
        this.lifecycle.unwatch();
      });
    }
    return ended;
  }

  /**
   * When the session began, in epoch ms. A new id (`regenerate`) leaves it; `invalidate` begins anew.
   *
   * @example
   * const since = new Date(session.createdAt);
   */
  get createdAt(): number {
    return this.lifecycle.state.facts.createdAt;
  }
}
