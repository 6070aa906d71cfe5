import { randomId } from '../crypto/random-id.js';
import type { SessionState } from '../state/session-state.js';
import { ActiveSession } from './active-session.js';
import type { Caller } from './caller.js';
import { RequestRemovals } from './request-removals.js';
import { type CookieInstruction, NO_COOKIE, cookieInstructionOf } from './cookie-instruction.js';
import { CHANGES_DROPPED, mutationDropped, unstoredChanges } from './wording.js';
import { recordedAs } from './users/recorded-user.js';
import { signInAt } from './users/sign-in-order.js';
import { RequestLoads } from './request-loads.js';
import { RequestCommits } from './request-commits.js';
import type { SessionBackend } from './session-backend.js';
import type { Watch } from './watching/watch.js';

/**
 * The sessions of one request: the current one, and those that the request destroyed. Store calls run one
 * after the other (RequestCommits). Destroying or switching (destroy, setId), rotating and changing the session
 * take effect at once. Knows nothing of HTTP; the backend decides where sessions are kept.
 */
export class SessionLifecycle {
  /** The current session. Replaced when the request destroys it or switches to another. */
  session: ActiveSession;
  /** The sessions that the request destroyed; null until it destroys one. */
  removals: RequestRemovals | null = null;
  readonly loads: RequestLoads;
  /** Whether the request stores nothing more and sends no cookie: after a failed commit, or from the start. */
  abandoned = false;
  /** Whether the request was abandoned because its cookie could no longer be sent. */
  wasTooLate = false;
  readonly #backend: SessionBackend;
  readonly #commits: RequestCommits;
  #dropSaid = false;
  /** Null until something asks for `ended`. */
  #watch: Watch | null = null;
  #watchesOn = true;

  constructor(backend: SessionBackend, caller: Caller) {
    this.#backend = backend;
    this.session = new ActiveSession(backend.runtime, caller, null, 'new');
    this.loads = new RequestLoads(this, backend);
    this.#commits = new RequestCommits(this, backend);
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return this.session.state;
  }

  /** The current session's token, as the cookie carries it. */
  get token(): string {
    return this.#backend.token(this.session);
  }

  /** The path of the value that names the user. */
  get userKey(): string {
    return this.#backend.runtime.userKey;
  }

  /** Whether the cookie holds the session itself. */
  get livesInCookie(): boolean {
    return this.#backend.livesInCookie(this.session);
  }

  /** Whether the due commit is useless without a new cookie: the browser does not know the session or its id yet. */
  get needsCookie(): boolean {
    const { base, due, hasNewId, onlyRenewalDue } = this.session;
    // A renewal that does not reach the cookie loses no change of the application.
    if (this.livesInCookie) return this.removals?.remaining === true || !onlyRenewalDue;
    return base === null ? due : hasNewId;
  }

  /** Whether a commit has anything to do. */
  get due(): boolean {
    return !this.abandoned && (this.session.due || this.removals?.remaining === true);
  }

  // ---- which session it is -------------------------------------------------------------------------------------

  /**
   * Leaves the current session and prepares to load another. A commit that was called before stores what it leaves.
   *
   * @param id the id that a new session gets if none is loaded; null: a random one
   */
  switchTo(id: string | null): void {
    // A request that came with a stale id must not store a session under an id that nobody has.
    const next = this.session.next(id, this.session.phase === 'stale' ? 'stale' : 'new');
    this.#commits.leave(this.session);
    this.#watch?.stop();
    this.#watch = null;
    this.removals?.forgetCookie();
    this.session = next;
  }

  /**
   * Has the response send the cookie for a session that was not found through the cookie in its place, unless
   * the request already carried its token.
   *
   * @returns whether a cookie is due
   */
  giveTokenUnlessSent(tokens: readonly string[]): boolean {
    const session = this.session;
    if (session.base !== null && !session.readonly && !tokens.includes(this.token)) session.cookieDue = true;
    return session.cookieDue;
  }

  /**
   * Makes the session read-only: nothing is committed from now on. Earlier commits still reach the browser.
   *
   * @throws SessionError if there are unstored changes, which would be lost silently
   */
  freeze(): void {
    if (this.due && (this.session.modified || this.removals?.remaining === true)) throw unstoredChanges();
    this.session.refuseWrites();
  }

  /**
   * Reloads the session and discards uncommitted changes; none if there are more after the call. What `commit` was
   * called for is stored first. A cookie that is due for earlier commits stays due.
   */
  async reload(): Promise<void> {
    const { session } = this;
    const { changes } = session;
    await this.#commits.runAfterCommits(() => {
      session.changesBeforeReload = changes;
      const { base } = session;
      return base === null ? session.reloadedAsGone() : this.#backend.reload(session, base);
    });
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  /** Gives the session a new id. The old id redirects requests under way to it. If it has ended, another begins. */
  regenerate(): void {
    if (this.session.isEndedInUse) void this.destroy();
    this.session.rotate(randomId());
  }

  /**
   * Gives the session a new id and empties it. The record under the old id ends, and no request under way
   * follows to the new one.
   */
  invalidate(): void {
    const session = this.session;
    const isElsewhere = session.phase === 'stale' || (session.phase === 'new' && this.#mayBeStored(session));
    // Moved by another request, being stored for the first time, or ended already: end it and begin another.
    if (isElsewhere || session.isEndedInUse) void this.destroy();
    else session.invalidate(randomId());
  }

  /**
   * Gives the session a new id and records the user who has just authenticated.
   *
   * @param duration the session's own lifetime in ms; undefined: the option `age`
   */
  signIn(userId: string | number, duration: number | undefined): void {
    // A sign-in is a visit, on a passive route too.
    this.session.isVisit = true;
    this.regenerate();
    const { state } = this;
    state.put(this.userKey, userId);
    state.facts.signIn = signInAt(this.#backend.runtime.clock.now(), recordedAs(userId));
    state.facts.duration = duration;
  }

  async touch(): Promise<void> {
    const session = this.session;
    await this.#commits.run(() => {
      const { base } = session;
      if (base !== null && !this.abandoned) return this.#backend.touch(session, base);
    });
  }

  /**
   * Removes the record now. The session reads as empty at once. If the caller does not await the promise, the
   * commit does, and reports a failure.
   */
  destroy(): Promise<void> {
    const session = this.session;
    const isStale = session.phase === 'stale' && session.removable === null;
    const next = session.next(null, isStale ? 'stale' : 'new');
    this.removals ??= new RequestRemovals(this.#backend, this.#commits);
    const removing = this.removals.add(session, this.#mayBeStored(session));
    this.session = next;
    this.#watch?.end();
    return removing;
  }

  /** Whether the session is stored, or may be by its write under way. */
  #mayBeStored(session: ActiveSession): boolean {
    return session.removable !== null || this.#commits.isStoring(session);
  }

  // ---- watching ------------------------------------------------------------------------------------------------

  /** Fires when the session ends: by this request, by another, or by expiry. Has a cost until `unwatch`. */
  get ended(): AbortSignal {
    return (this.#watch ??= this.#startWatch()).signal;
  }

  #startWatch(): Watch {
    const { session } = this;
    const locate = this.#backend.locate(() => this.#backend.livesInCookie(session));
    const watch = this.#backend.runtime.fates.watch(session.base, locate);
    session.watch = watch;
    if (this.removals?.hasReplaced === true || session.phase === 'dropped') watch.end();
    else if (!this.#watchesOn) watch.stop();
    return watch;
  }

  /** The request is over: `ended` does not fire any more. */
  unwatch(): void {
    this.#watchesOn = false;
    this.#watch?.stop();
  }

  // ---- committing ----------------------------------------------------------------------------------------------

  /**
   * Stores what is due, if anything. Commits of one request run one after the other; a commit that waits for
   * another fails if that one fails.
   *
   * @returns nothing if everything is stored already
   * @throws SessionStoreError, SessionValueError, SessionTooLargeError, always as a rejection. Nothing of
   * this commit was stored then, unless the store's answer got lost (the next commit finds out) or an object
   * serializes differently each time
   */
  commit(): Promise<void> | void {
    return this.#commits.commit() ?? this.#sayDropped();
  }

  /** Warns once per request; more would flood the log. */
  #sayDropped(): void {
    const { session } = this;
    const isStale = session.phase === 'stale';
    if (this.#dropSaid || !(isStale || session.readonly) || !session.modified) return;
    this.#dropSaid = true;
    this.#backend.runtime.log.warn(isStale ? CHANGES_DROPPED : mutationDropped(session.state.mutatedKey));
  }

  /** Gives up after a failed commit at the end of the request: no retry, no cookie. */
  abandon(): void {
    this.abandoned = true;
  }

  /** The cookie that is needed can no longer be sent. A session that the application invalidated still ends. */
  abandonTooLate(): void {
    this.wasTooLate = true;
    if (this.session.phase === 'ending') void this.destroy();
    this.abandon();
  }

  /** What the response has to do about the cookie, as of now. */
  cookieInstruction(cameWithCookie: boolean): CookieInstruction {
    this.#sayDropped();
    if (this.abandoned) return NO_COOKIE;
    const hasDestroyed = this.removals?.expiresCookie === true;
    return cookieInstructionOf(this.session, this.#backend, hasDestroyed, cameWithCookie);
  }
}
