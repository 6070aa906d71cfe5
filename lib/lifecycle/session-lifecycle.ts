import { randomId } from '../crypto/random-id.js';
import type { SessionState } from '../state/session-state.js';
import { ActiveSession } from './active-session.js';
import type { Caller } from './caller.js';
import { DestroyedSessions } from './destroyed-sessions.js';
import { type CookieInstruction, NO_COOKIE, cookieOf } from './cookie-instruction.js';
import { CHANGES_DROPPED, mutationDropped, unstoredChanges } from './wording.js';
import { recordedAs } from './users/recorded-user.js';
import { RequestCommits } from './request-commits.js';
import { RequestLoads } from './request-loads.js';
import { RequestQueue } from './request-queue.js';
import type { SessionBackend } from './session-backend.js';
import type { Watch } from './watching/watch.js';

/**
 * The sessions of one request: the one that it works with, and those that it destroyed. Calls of the
 * store run one after the other (RequestQueue); closing a session (destroy, setId), rotating and changing it take effect at
 * once. Knows nothing of HTTP; where sessions are kept is up to the backend.
 */
export class SessionLifecycle {
  /** The one that it works with. Replaced where it is destroyed, or switched from. */
  session: ActiveSession;
  /** Those that it destroyed; null until it destroys one. */
  destroyed: DestroyedSessions | null = null;
  readonly loads: RequestLoads;
  /** Whether nothing more is stored of this request, and no cookie sent: a commit has failed, or nothing was to be stored from the start. */
  abandoned = false;
  /** Whether that was for a cookie which could not be sent any more. */
  isTooLate = false;
  readonly #backend: SessionBackend;
  readonly #queue = new RequestQueue();
  readonly #commits: RequestCommits;
  #dropSaid = false;
  /** Null until somebody wants to know when the session ends. */
  #watch: Watch | null = null;
  #watchesOn = true;

  constructor(backend: SessionBackend, caller: Caller) {
    this.#backend = backend;
    this.session = new ActiveSession(backend.runtime, caller, null, 'new');
    this.loads = new RequestLoads(this, backend);
    this.#commits = new RequestCommits(this, backend, this.#queue);
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return this.session.state;
  }

  /** The current id as it travels in the cookie. */
  get token(): string {
    return this.#backend.token(this.session);
  }

  /** The path of the value that names the user. */
  get userKey(): string {
    return this.#backend.runtime.userKey;
  }

  /** Whether the session itself is what the cookie holds. */
  get livesInCookie(): boolean {
    return this.#backend.livesInCookie(this.session);
  }

  /** Whether what is due comes to nothing without a new cookie: a session or an id that the browser does not know. */
  get needsCookie(): boolean {
    const { loaded, due, moving, onlyRenewalDue } = this.session;
    // That a visit cannot be noted in the cookie is no loss of anything that the application changed.
    if (this.livesInCookie) return this.#isRemoving || !onlyRenewalDue;
    return loaded === null ? due : moving;
  }

  /** Whether a commit has anything to do. */
  get due(): boolean {
    return !this.abandoned && (this.session.due || this.#isRemoving);
  }

  get #isRemoving(): boolean {
    return this.destroyed?.remaining === true;
  }

  // ---- which session it is -------------------------------------------------------------------------------------

  /**
   * Lets go of the current session and gets ready to load another.
   *
   * @param id of the session that begins where nothing is loaded; null: a new one
   */
  switchTo(id: string | null): void {
    // A request that came late stores nothing of its own under an id that nobody has.
    const next = this.session.next(id, this.session.phase === 'stale' ? 'stale' : 'new');
    this.session.close();
    this.#watch?.stop();
    this.#watch = null;
    this.destroyed?.forgetCookie();
    this.session = next;
  }

  /**
   * This session was not found by way of a cookie in its place: the browser is to go on with it, unless it carries its
   * token already.
   *
   * @returns whether a cookie is due
   */
  giveTokenUnlessSent(tokens: readonly string[]): boolean {
    const session = this.session;
    if (session.loaded !== null && !session.readonly && !tokens.includes(this.token))
      session.cookieDue = true;
    return session.cookieDue;
  }

  /**
   * Read-only from here on: nothing further is committed. What was committed before still reaches the browser.
   *
   * @throws SessionError where something was changed that is not stored yet: it would be lost without a word
   */
  freeze(): void {
    if (this.due && (this.session.modified || this.#isRemoving)) throw unstoredChanges();
    this.session.refuseWrites();
  }

  /**
   * Loads the session once more; what was not committed is forgotten. What the browser has to be told of what was
   * committed before stays due.
   */
  async reload(): Promise<void> {
    const session = this.session;
    await this.#queue.run(() =>
      session.loaded === null ? session.reloadedAsGone() : this.#backend.reload(session),
    );
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  /** A new id from here on. The old one leads requests under way to it. */
  regenerate(): void {
    this.session.rotate(randomId());
  }

  /** A new id and nothing else from here on: what is stored under the old one ends, and no request under way follows. */
  invalidate(): void {
    const session = this.session;
    const isElsewhere = session.phase === 'stale' || (session.phase === 'new' && this.#mayBeStored(session));
    // Moved by another request, or just being stored for the first time: what begins anew is another session at once.
    if (isElsewhere) void this.destroy();
    else session.invalidate(randomId());
  }

  /**
   * A new id from here on, for a user who has just shown who he is.
   *
   * @param duration a lifetime of its own in ms; undefined: the option `age`
   */
  signIn(userId: string | number, duration: number | undefined): void {
    // A sign-in is a visit, on a passive route too.
    this.session.isVisit = true;
    this.regenerate();
    const { state } = this;
    state.put(this.userKey, userId);
    state.facts.signIn = [this.#backend.runtime.clock.now(), recordedAs(userId)];
    state.facts.duration = duration;
  }

  async touch(): Promise<void> {
    const session = this.session;
    await this.#queue.run(() => {
      if (session.loaded !== null && !session.closed && !this.abandoned) return this.#backend.touch(session);
    });
  }

  /**
   * Removes the record now. The session reads as empty at once. If the caller does not wait for the promise, the commit
   * does, and reports what failed.
   */
  destroy(): Promise<void> {
    const session = this.session;
    const next = session.next(
      null,
      session.phase === 'stale' && session.removable === null ? 'stale' : 'new',
    );
    this.destroyed ??= new DestroyedSessions(this.#backend, this.#queue);
    const removing = this.destroyed.add(session, this.#mayBeStored(session));
    this.session = next;
    this.#watch?.end();
    return removing;
  }

  /** Whether something of a session lies where it is kept, or may come to lie there. */
  #mayBeStored(session: ActiveSession): boolean {
    return session.removable !== null || this.#queue.busy;
  }

  // ---- watching ------------------------------------------------------------------------------------------------

  /** Fires when the session ends: by this request, by another, or by expiry. Costs something until `unwatch`. */
  get ended(): AbortSignal {
    return (this.#watch ??= this.#startWatch()).signal;
  }

  #startWatch(): Watch {
    const { session } = this;
    const locate = this.#backend.locate(() => this.#backend.livesInCookie(session));
    const watch = this.#backend.runtime.watched.watch(session.loaded, locate);
    session.watch = watch;
    if (this.destroyed?.hasReplaced === true || session.phase === 'dropped') watch.end();
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
   * Stores what is due; nothing where nothing is. Commits of one request run one after the other, and one that waits for
   * another fails with it.
   *
   * @returns nothing where all is stored already
   * @throws SessionStoreError, SessionValueError, SessionTooLargeError, always by way of the promise: nothing of this
   * commit was stored then, unless the store's answer got lost (the next commit finds that out), or an object changes
   * by itself each time that it is stored
   */
  commit(): Promise<void> | void {
    return this.#commits.run() ?? this.#sayDropped();
  }

  /** Once a request: with a visitor's every click it would fill the log. */
  #sayDropped(): void {
    const { session } = this;
    if (this.#dropSaid || !(session.phase === 'stale' || session.readonly) || !session.modified) return;
    this.#dropSaid = true;
    this.#backend.runtime.log.warn(
      session.phase === 'stale' ? CHANGES_DROPPED : mutationDropped(session.state.mutatedKey),
    );
  }

  /** After a commit that failed on the way out: no retry, no cookie. */
  abandon(): void {
    this.abandoned = true;
  }

  /** The cookie that is needed cannot be sent any more. What the application wanted to be rid of (invalidate) is ended. */
  abandonTooLate(): void {
    this.isTooLate = true;
    if (this.session.phase === 'ending') void this.destroy();
    this.abandon();
  }

  /** What the response has to do about the cookie, as things stand. */
  cookie(cameWithCookie: boolean): CookieInstruction {
    this.#sayDropped();
    if (this.abandoned) return NO_COOKIE;
    return cookieOf(this.session, this.#backend, this.destroyed?.expiresCookie === true, cameWithCookie);
  }
}
