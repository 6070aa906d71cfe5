import type { SessionLifecycle } from '../lifecycle/session-lifecycle.js';
import type { SessionState } from '../state/session-state.js';
import { type SessionCallback, withCallback } from './callback.js';
import { expressSession } from './express-session/express-session.js';
import { RequestSession } from './request-session.js';
import { SessionCommits } from './session-commits.js';
import type { SessionHost } from './session-host.js';
import { inContextOf } from './session.context.js';
import { notInitiated, readonlySession } from './wording.js';

/** Returns no promise if there is nothing to wait for. */
type Load = (life: SessionLifecycle) => Promise<void> | void;

/**
 * The session of a request, a message or a job, as this package has it: which session it is, loading it, reading
 * and changing it, committing it. The application is given `session`, which has none of this. The methods of that
 * reach the data only through the getters here: `readable` to read, and `writable`, `touchable`, `movable` or
 * `endable` to write. These check whether the write is allowed, and make the response wait for a commit.
 */
export class HostedSession extends SessionCommits {
  /** What the application is given. Replaced only by a session that a test makes. */
  session: RequestSession;
  /** Whether the session is loaded. */
  initiated: boolean;
  #initiating: Promise<void> | null = null;
  /** Loads the session that the application switched to; null for the session of the cookie. */
  #loadChosen: Load | null = null;
  #expressSession: object | null = null;

  constructor(host: SessionHost) {
    super(host);
    this.initiated =
      host.tokens.length === 0 && host.earlierTokens === undefined && host.takeOver === undefined;
    this.session = new RequestSession(this);
  }

  /** Records that the application is given the session. */
  handOut(): RequestSession {
    this.handedOut = true;
    return this.session;
  }

  /** The session in the shape of express-session, as `request.session`; created on first access. */
  get expressSession(): object {
    return (this.#expressSession ??= expressSession(this));
  }

  // ---- which session it is -------------------------------------------------------------------------------------

  /**
   * Loads the session; returns no promise if there is nothing to wait for.
   *
   * @param readonly as for `RequestSession.initiate`
   */
  initiate(readonly = false): Promise<void> | void {
    if (this.initiated) {
      if (readonly) this.lifecycle.freeze();
      return;
    }
    if (this.#initiating !== null) {
      return readonly ? this.#initiating.then(() => this.initiate(true)) : this.#initiating;
    }
    const life = this.lifecycle;
    const { session } = life;
    const pending = this.#loadChosen === null ? loadForRequest(life, this.host) : this.#loadChosen(life);
    if (pending === undefined) {
      this.#loaded(life, readonly);
      this.#tell(life);
      return;
    }
    // The result only counts if the request has not switched to another session meanwhile.
    this.#initiating = pending.then(
      () => {
        if (life.session === session) this.#loaded(life, readonly);
        this.#tell(life);
      },
      (error: unknown) => {
        if (life.session === session) this.#initiating = null;
        this.operationFailed(error);
        this.#tell(life);
        throw error;
      },
    );
    return this.#initiating;
  }

  /** Loads the session anew. */
  async reload(): Promise<void> {
    if (!this.initiated) return this.initiate();
    const { lifecycle } = this;
    await lifecycle.reload();
    this.#noteDegraded(lifecycle);
  }

  /** The request goes on with an empty session, and may answer with an error for that. */
  #noteDegraded({ session }: SessionLifecycle): void {
    if (session.readonly === 'degraded') this.storeFailed();
  }

  #loaded(life: SessionLifecycle, readonly: boolean): void {
    this.#initiating = null;
    this.initiated = true;
    this.#noteDegraded(life);
    if (readonly) life.session.refuseWrites();
    const { tokens, earlierTokens, takeOver, headSent } = this.host;
    const isChosen = this.#loadChosen !== null;
    // Not found by a cookie in its current place: the browser may need to be given the token.
    const isElsewhere = isChosen || earlierTokens !== undefined || takeOver !== undefined;
    const isCookieDue = isElsewhere && life.giveTokenUnlessSent(tokens);
    if (isChosen && isCookieDue && headSent) {
      // The browser would stay with the session that the request has left.
      this.#tell(life);
      throw this.giveUpTooLate();
    }
    if (isChosen || isCookieDue || life.due || life.session.mayBecomeDue) this.arm();
  }

  /** Publishes the load in the session's context: listeners may use the facade. */
  #tell(life: SessionLifecycle): void {
    const { loads } = life;
    if (loads.hasEvents) inContextOf(this, () => loads.publishEvents());
  }

  /**
   * Leaves the current session; the next `initiate` loads another.
   *
   * @param freshId an id generated in this request: if no record has it, a session begins under it
   */
  switchTo(load: Load, freshId: string | null = null): void {
    this.lifecycle.switchTo(freshId);
    this.#loadChosen = load;
    this.initiated = false;
    this.#initiating = null;
  }

  // ---- for the methods of the session --------------------------------------------------------------------------

  /** Runs an operation that may call the store, and also reports its outcome to a callback. */
  perform<S>(operation: () => Promise<S>, callback: SessionCallback | undefined): Promise<S> {
    return withCallback(operation, callback, (error) => this.operationFailed(error));
  }

  /** For methods that read. */
  get readable(): SessionState {
    if (!this.initiated) throw this.host.unavailable ?? notInitiated();
    return this.lifecycle.state;
  }

  /** For methods that write. Read it before writing, so that a refused write changes nothing. */
  get writable(): SessionState {
    return this.#allowed('change').state;
  }

  /** For `touch`, which changes no more than the expiry. */
  get touchable(): SessionLifecycle {
    return this.#allowed('touch');
  }

  /** For methods that give the session another id. */
  get movable(): SessionLifecycle {
    return this.#allowed('move');
  }

  /** For methods that end the session. It is not an error if there is none to end. */
  get endable(): SessionLifecycle {
    return this.#allowed('end');
  }

  #allowed(act: 'change' | 'touch' | 'move' | 'end'): SessionLifecycle {
    if (!this.initiated) throw this.host.unavailable ?? notInitiated();
    const life = this.lifecycle;
    const { session } = life;
    if (session.readonly) throw readonlySession(session.readonly);
    const { host } = this;
    // A session that will not be stored anyway needs no cookie.
    if (host.refusal !== undefined && !life.abandoned) {
      if (life.livesInCookie) throw host.refusal('seal');
      if (act !== 'end' && session.base === null) throw host.refusal('begin');
      if (act === 'move') throw host.refusal('move');
    }
    if (act !== 'touch') session.changes += 1;
    this.written();
    return life;
  }

  /** Called after a value was handed out: if it is mutated in place, that has to be committed. */
  armIfTracking(state: SessionState): void {
    if (state.isTracking) this.arm();
  }
}

/** Loads the session of a request. Returns no promise if there is nothing to wait for. */
function loadForRequest(life: SessionLifecycle, host: SessionHost): Promise<void> | void {
  const pending = loadFromTokens(life, host.tokens, host.earlierTokens);
  const { takeOver } = host;
  if (takeOver === undefined) return pending;
  const { session } = life;
  const ifNone = (): Promise<void> | void => {
    // A session that another request has just moved (`stale`), or whose store failed, is no reason to go back
    // to a foreign session.
    const isNone = session.base === null && session.phase === 'new' && !session.readonly;
    if (life.session === session && isNone) return takeOver(life);
  };
  return pending === undefined ? ifNone() : pending.then(ifNone);
}

/**
 * Loads the session of the first token that opens one. A browser may send several cookies of the same name,
 * set for other paths or domains. Returns no promise if there is nothing to wait for.
 */
function loadFromTokens(
  life: SessionLifecycle,
  [token, ...others]: readonly string[],
  earlier: SessionHost['earlierTokens'],
): Promise<void> | void {
  if (token === undefined) return earlier && loadFromTokens(life, earlier(), undefined);
  const { session } = life;
  const pending = life.loads.byToken(token);
  if (others.length === 0 && earlier === undefined) return pending;
  const tryOthers = (): Promise<void> | void => {
    const isSwitched = life.session !== session;
    // If the session is read-only this early, its store failed: trying the next token would delay the
    // request again.
    if (isSwitched || session.base !== null || session.readonly) return;
    return loadFromTokens(life, others, earlier);
  };
  return pending === undefined ? tryOthers() : pending.then(tryOthers);
}
