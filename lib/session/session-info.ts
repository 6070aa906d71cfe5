import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import { SessionChoice } from './session-choice.js';

/** The properties of a session. */
export abstract class SessionInfo extends SessionChoice {
  #asksForEnd = false;

  /**
   * The raw session id, generated on first access. Keep it out of logs and pages.
   *
   * If there is no session yet, the next request gets a different id unless this one writes something. There
   * is one exception: if the id was read and the response sets a cookie of the application's own, the session
   * is stored under that id. This keeps a token valid that is derived from the id and sent as a cookie
   * (csrf-csrf) until the form comes back.
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
   * The value of the session cookie: the signed id. With `stealth` it is the sealed session as last committed
   * (empty before that), or the signed id if the ledger has the session. Keep it out of logs and pages:
   * anyone who has it can use the session.
   *
   * @example
   * return { token: session.signedId };
   */
  get signedId(): string {
    return this.#lifecycleWithIdRead.token;
  }

  /**
   * For the getters that reveal the id. If the session is not stored, reading its id arms the gate, which
   * stores the session if the response sets a cookie of the application's own.
   */
  get #lifecycleWithIdRead(): SessionLifecycle {
    const { lifecycle } = this.hosted;
    const { session } = lifecycle;
    if (session.base === null && !session.idRead && !this.hosted.host.headSent) {
      session.idRead = true;
      this.hosted.arm();
    }
    return lifecycle;
  }

  /**
   * Whether the id was generated in this request: the request came without a session, or called `regenerate`.
   *
   * @example
   * if (session.fresh) this.welcome();
   */
  get fresh(): boolean {
    return this.hosted.life?.session.fresh ?? true;
  }

  /**
   * Whether the store (with `stealth`: the visitor's cookie) has a record of this session.
   *
   * @example
   * if (session.stored) await session.touch();
   */
  get stored(): boolean {
    return this.hosted.life !== null && this.hosted.life.session.base !== null;
  }

  /**
   * Whether writing is refused: the session was initiated read-only, or made read-only by
   * `whenStoreFails: 'degrade'`.
   *
   * @example
   * if (!session.readonly) session.increment('visits');
   */
  get readonly(): boolean {
    return Boolean(this.hosted.life?.session.readonly);
  }

  /**
   * Whether there is nothing to read, flash messages included.
   *
   * @example
   * if (session.isEmpty) return [];
   */
  get isEmpty(): boolean {
    return this.hosted.life === null || this.hosted.readable.isEmpty;
  }

  /**
   * Whether this request changed something that is not stored yet.
   *
   * @example
   * if (session.isModified) await session.commit();
   */
  get isModified(): boolean {
    return this.hosted.life?.session.modified ?? false;
  }

  /**
   * How long the session lives without a visit, in ms: the duration given to `setDuration`, or else the
   * option `age`.
   *
   * @example
   * const minutes = session.duration / 60_000;
   */
  get duration(): number {
    return this.hosted.lifecycle.session.duration;
  }

  /**
   * When the session ends unless it is visited again, in epoch ms.
   *
   * @example
   * const left = session.expiresAt - Date.now();
   */
  get expiresAt(): number {
    return this.hosted.lifecycle.session.expiresAt;
  }

  /**
   * An AbortSignal that fires when the session ends while the response is still running: signed out,
   * invalidated or destroyed, by this request or another, or expired. Meant for streams and Server-Sent
   * Events, which would otherwise go on after a sign-out.
   *
   * The signal fires immediately if the session ends in this process, and within `sockets.checkEvery` if it
   * ends in another. With `stealth` and no ledger, only sessions ended by this process are noticed. A new id
   * (`regenerate`) does not end the session. The signal never fires after the response has ended.
   *
   * @example
   * `@Sse('prices')` prices(`@Session()` session: Session) {
   *   return this.prices.pipe(takeUntil(fromEvent(session.ended, 'abort')));
   * }
   */
  get ended(): AbortSignal {
    const { ended } = this.hosted.lifecycle;
    if (!this.#asksForEnd) {
      this.#asksForEnd = true;
      this.hosted.host.onceOver(() => {
        this.hosted.lifecycle.unwatch();
      });
    }
    return ended;
  }

  /**
   * When the session began, in epoch ms. `regenerate` does not change it; `invalidate` starts it anew.
   *
   * @example
   * const since = new Date(session.createdAt);
   */
  get createdAt(): number {
    return this.hosted.lifecycle.state.facts.createdAt;
  }
}
