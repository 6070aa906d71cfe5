import { randomId } from '../crypto/random-id.js';
import { SessionError, SessionValueError } from '../session.errors.js';
import type { Ages } from '../state/flash-state.js';
import { type Draft, SessionState } from '../state/session-state.js';
import { shownKey } from '../state/shown-key.js';
import type { Base, Reloaded } from './base.js';
import { recordedUser } from './recorded-user.js';
import { type Condemned, Removals } from './removals.js';
import type { Client, CookieInstruction, SessionRuntime } from './session-runtime.js';

/** How often one commit removes or stores, where more becomes due while it waits. */
const COMMIT_STEPS = 8;

const NOTHING_DUE = Promise.resolve();

const UNKNOWN_CLIENT: Client = { ipAddress: null, userAgent: null };

const CHANGES_DROPPED =
  'A request came with a session id that another request had just replaced (regenerate). It reads an empty session, and ' +
  'what it changed was dropped; only destroy and invalidate reach the session. The next request of the visitor has the new id.';

/**
 * The life of one session within one request: initiated, changed, committed, moved, destroyed. Knows nothing of HTTP;
 * where the session is kept is up to the two subclasses, one for records and one for sealed tokens.
 */
export abstract class SessionLifecycle {
  readonly #runtime: SessionRuntime;
  readonly #clientOf: (() => Client) | null;
  readonly #ages: Ages;

  /** Null until something needs it. */
  protected currentId: string | null = null;
  protected base: Base | null = null;
  /** Whether the id was made in this request. */
  protected idIsFresh = true;
  /** Whether the record that an id change leaves behind leads commits under way to the new one. */
  protected leavesMarker = true;
  /** Whether the cookie has to be sent because of id, data or a renewal. */
  protected cookieDue = false;
  /** Another request moved the session to a new id, and its response is the one that tells the browser. */
  protected followed = false;
  /** What the last successful write left in the store, and of which session: the application may have let go of it. */
  #lastStored: { readonly state: SessionState; readonly base: Base } | null = null;
  /** The record was gone when this request came to commit: what it changed was dropped. */
  protected dropped = false;
  /**
   * Where the session is that another request has just moved away from the id which this one came with. It reads as
   * empty, stores nothing and sends no cookie: all that can be done to it from here is to end it.
   */
  #left: Base | null = null;
  /** Whether this request came with an id that was left. It remains so where it then switches to what nobody has. */
  #cameLate = false;
  #dropSaid = false;
  #destroyed = false;
  /** What was to be destroyed had gone already: another request's response is the one that tells the browser. */
  #nothingDestroyed = false;
  #abandoned = false;
  #renewalDue = false;
  #running: Promise<void> | null = null;
  /** The call of `store` under way. */
  #storing: Promise<void> | null = null;
  /** Null until a session is destroyed. */
  #removals: Removals | null = null;
  readonly = false;
  #degraded = false;
  /** Null until something needs it: most requests load one, and an empty one would be made for nothing. */
  #state: SessionState | null = null;

  /**
   * @param ages whether the request uses flash messages up
   * @param clientOf who is at the other end, asked only when a record is written
   */
  constructor(runtime: SessionRuntime, ages: Ages, clientOf: (() => Client) | null) {
    this.#runtime = runtime;
    this.#clientOf = clientOf;
    this.#ages = ages;
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return (this.#state ??= this.emptyState());
  }

  set state(state: SessionState) {
    this.#state = state;
  }

  // ---- what a subclass does ------------------------------------------------------------------------------------

  /** Loads what a token stands for. A token that is not ours, or stands for nothing any more, leaves the session empty. */
  abstract initiate(token: string): Promise<void> | void;
  /** Loads the record of an id that the application chose itself. */
  abstract load(id: string): Promise<void>;
  /** What is stored of this session now. Null where it is gone. */
  protected abstract loadAgain(base: Base): Promise<Reloaded | null>;
  /** Stores what is due, once; without a promise where that takes no waiting. */
  protected abstract store(): Promise<void> | void;
  /** Extends the expiry in the store now. */
  protected abstract extend(expiresAt: number): Promise<boolean>;
  /**
   * Removes a record, and waits for nothing that the request did before.
   *
   * @returns false where it had gone already
   */
  protected abstract remove(base: Base): Promise<boolean>;
  /** Whether the session itself is what the cookie holds. */
  abstract readonly livesInCookie: boolean;
  /** Where a write of this session may have arrived that nobody answered; null where all is known. */
  protected abstract get undecided(): Base | null;
  /** The current id as it travels in the cookie. */
  abstract get token(): string;

  // ---- the session's own data ----------------------------------------------------------------------------------

  get id(): string {
    return (this.currentId ??= randomId());
  }

  get fresh(): boolean {
    return this.idIsFresh;
  }

  get stored(): boolean {
    return this.base !== null;
  }

  /** ms. */
  get duration(): number {
    return this.#runtime.lifetimes.durationOf(this.state);
  }

  /** Epoch ms. */
  get expiresAt(): number {
    // A lifetime that was changed begins with the commit that stores it.
    if (this.base === null || this.state.durationChanged) return this.fullExpiry;
    return this.base.expiresAt;
  }

  /** When the session ends if it is visited now; epoch ms. */
  protected get fullExpiry(): number {
    return this.#runtime.lifetimes.fullExpiry(this.state);
  }

  /** Whether a commit has anything to do. */
  get due(): boolean {
    if (this.#abandoned || this.dropped || this.readonly) return false;
    if (this.#isLate) return this.isRemoving;
    return this.#renewalDue || this.moving || this.isRemoving || this.state.due || this.undecided !== null;
  }

  /** Whether something becomes due by being read alone. */
  get mayBecomeDue(): boolean {
    return this.#state !== null && this.#state.flash.holdsUnread;
  }

  /** Whether what is due comes to nothing without a new cookie: a session or an id that the browser does not know. */
  get needsCookie(): boolean {
    if (this.livesInCookie) return true;
    return this.base === null ? this.state.due : this.moving;
  }

  /** Whether the cookie has no lifetime of its own. */
  get endsWithBrowser(): boolean {
    return this.#runtime.lifetimes.endsWithBrowser(this.state);
  }

  /** Whether the application changed something in this request that is not stored yet. */
  get modified(): boolean {
    return this.moving || this.state.modified;
  }

  protected get isRemoving(): boolean {
    return this.#removals !== null && this.#removals.pending;
  }

  /** Whether the id changed since the record was loaded. */
  protected get moving(): boolean {
    return this.base !== null && this.base.id !== this.currentId;
  }

  /** Whether the session is to end before anything is stored under its new id (invalidate). */
  protected get ends(): boolean {
    return this.moving && !this.leavesMarker;
  }

  // ---- beginning -----------------------------------------------------------------------------------------------

  /** Takes a loaded payload as the state of this request. */
  protected adopt(base: Base, state: SessionState): void {
    // Of several tokens one may be of a session that is left, and a later one of a session that lives.
    this.#left = null;
    this.#cameLate = false;
    this.base = base;
    this.currentId = base.id;
    this.idIsFresh = false;
    this.state = state;
    this.#renewalDue = this.#runtime.lifetimes.isVisitRenewing(state, base.expiresAt);
  }

  /** The id that came in has just been left for another one by another request. */
  protected leave(to: string): void {
    this.#left ??= { id: to, version: 0, expiresAt: 0 };
    this.#cameLate = true;
  }

  /** Whether nothing of this request is to be stored, and no cookie sent, because it came with an id that was left. */
  get #isLate(): boolean {
    return this.#cameLate && this.base === null;
  }

  protected get ages(): Ages {
    return this.#ages;
  }

  protected get runtime(): SessionRuntime {
    return this.#runtime;
  }

  /** The store failed while loading, and the application wants to go on: empty, read-only, and the cookie stays. */
  protected degrade(): void {
    this.readonly = true;
    this.#degraded = true;
  }

  /** Whether it is its store that made the session read-only. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /**
   * Read-only from here on: nothing further is committed. What was committed before still reaches the browser.
   *
   * @throws SessionError where something was changed that is not stored yet: it would be lost without a word
   */
  freeze(): void {
    if (this.due && (this.modified || this.isRemoving)) throw unstoredChanges();
    this.readonly = true;
  }

  /** Lets go of the current session and gets ready to load another. */
  switchTo(id: string | null): void {
    this.base = null;
    this.currentId = id;
    this.idIsFresh = true;
    // Whether the other session may be written is said when it is loaded.
    this.readonly = false;
    this.#degraded = false;
    this.dropped = false;
    this.#left = null;
    this.followed = false;
    this.cookieDue = false;
    this.#destroyed = false;
    this.#renewalDue = false;
    this.leavesMarker = true;
    this.state = this.emptyState();
  }

  /**
   * This session was not found by way of a cookie in its place: the browser is to go on with it, unless it carries its
   * token already.
   *
   * @returns whether a cookie is due
   */
  chosen(tokens: readonly string[]): boolean {
    if (this.base !== null && !this.readonly && !tokens.includes(this.token)) this.cookieDue = true;
    return this.cookieDue;
  }

  /**
   * Loads the session once more; what was not committed is forgotten. What the browser has to be told of what was
   * committed before stays due.
   */
  async reload(): Promise<void> {
    // How a commit under way ends is its caller's business.
    await this.#running?.catch(() => undefined);
    const { base } = this;
    if (base === null) {
      this.state = this.emptyState();
      return;
    }
    const again = await this.loadAgain(base);
    // The application let go of the session meanwhile.
    if (this.base !== base) return;
    if (again === null) {
      this.state = this.emptyState();
      // Like a commit that finds nothing: whatever is written now must not bring the session back.
      if (!this.readonly) this.drop();
      return;
    }
    if (again.base.id !== base.id) this.followed = true;
    if (this.moving || this.followed) this.idIsFresh = false;
    this.base = again.base;
    this.currentId = again.base.id;
    this.leavesMarker = true;
    this.state = again.state;
  }

  protected emptyState(): SessionState {
    return SessionState.empty(this.#runtime.serializer, this.#runtime.clock.now());
  }

  // ---- changing ------------------------------------------------------------------------------------------------

  /**
   * A new id from here on.
   *
   * @param leavesMarker false where commits of other requests must not follow (invalidate)
   */
  regenerate(leavesMarker: boolean): void {
    if (this.#left !== null && !leavesMarker) {
      void this.destroy();
      return;
    }
    this.currentId = randomId();
    this.idIsFresh = true;
    if (leavesMarker) return;
    this.leavesMarker = false;
    this.state.flash.leaveOthers();
    this.state.beginAnew(this.#runtime.clock.now());
  }

  async touch(): Promise<void> {
    if (this.base === null || this.dropped || this.#abandoned) return;
    const expiresAt = this.fullExpiry;
    if (!(await this.extend(expiresAt))) return;
    this.#renewalDue = false;
    if (this.base !== null) this.base.expiresAt = expiresAt;
    this.cookieDue = true;
  }

  /**
   * Removes the record now. The session reads as empty at once; whoever does not wait for the promise is waited for by
   * the commit, which also reports what failed.
   */
  destroy(): Promise<void> {
    const { state, dropped } = this;
    const base = this.base ?? this.undecided ?? this.#left;
    const storing = this.#storing;
    this.switchTo(null);
    if (base !== null) this.#cameLate = false;
    this.#destroyed = true;
    this.#nothingDestroyed = dropped;
    if (base !== null || storing !== null) this.#removing.add({ state, base, storing });
    return this.isRemoving ? this.#removing.run() : NOTHING_DUE;
  }

  get #removing(): Removals {
    return (this.#removals ??= new Removals((condemned) => this.#removeCondemned(condemned)));
  }

  async #removeCondemned({ state, base }: Condemned): Promise<void> {
    const last = this.#lastStored?.state === state ? this.#lastStored.base : base;
    this.#nothingDestroyed = last !== null && !(await this.remove(last));
  }

  // ---- committing ----------------------------------------------------------------------------------------------

  /**
   * Stores what is due; nothing where nothing is. Commits of one request run one after the other.
   *
   * @returns nothing where all is stored already
   * @throws SessionStoreError, SessionValueError, SessionTooLargeError, always by way of the promise: nothing of this
   * commit was stored then, unless the store's answer got lost (the next commit finds that out), or an object changes
   * by itself each time that it is stored
   */
  commit(): Promise<void> | void {
    if (this.#running !== null) return this.#commitAfter(this.#running);
    if (!this.due) {
      this.#sayDropped();
      return;
    }
    const first = this.#step();
    if (first === undefined && !this.due) return;
    this.#running = this.#commitFrom(first);
    return this.#running;
  }

  async #commitAfter(running: Promise<void>): Promise<void> {
    await running;
    return this.commit();
  }

  async #commitFrom(first: Promise<void> | void): Promise<void> {
    try {
      await first;
      for (let step = 1; step < COMMIT_STEPS && this.due; step += 1) await this.#step();
      this.#assertSettled();
    } finally {
      this.#running = null;
    }
  }

  /**
   * What is due after so many steps was called for meanwhile. But an object that has changed by itself each time would
   * be stored again and again, and no response ever leave.
   */
  #assertSettled(): void {
    if (!this.due) return;
    const key = this.state.mutatedKey;
    if (key !== undefined) throw neverSettles(key);
  }

  /** What was destroyed goes first. */
  #step(): Promise<void> | void {
    return this.isRemoving ? this.#removing.finish() : this.#store();
  }

  #store(): Promise<void> | void {
    const { state } = this;
    let storing: Promise<void> | void;
    try {
      storing = this.store();
    } catch (error) {
      return this.#watch(state, Promise.reject(error));
    }
    return storing === undefined ? undefined : this.#watch(state, storing);
  }

  async #watch(state: SessionState, storing: Promise<void>): Promise<void> {
    this.#storing = storing;
    try {
      await storing;
    } catch (error) {
      if (state !== this.state || this.undecided === null) state.notStored();
      throw error;
    } finally {
      this.#storing = null;
    }
  }

  /** Once a request: with a visitor's every click it would fill the log. */
  #sayDropped(): void {
    if (!this.#isLate || this.#dropSaid || !this.state.modified) return;
    this.#dropSaid = true;
    this.#runtime.log.warn(CHANGES_DROPPED);
  }

  /** After a commit that failed on the way out: no retry, no cookie. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** The cookie that is needed cannot be sent any more. What the application wanted to be rid of (invalidate) is ended. */
  abandonTooLate(): void {
    if (this.ends) void this.destroy();
    this.abandon();
  }

  /** Whether a commit failed on the way out. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** What the response has to do about the cookie, as things stand. */
  cookie(cameWithCookie: boolean): CookieInstruction {
    this.#sayDropped();
    if (this.#isLate) return { kind: 'none' };
    if (this.#abandoned || this.dropped) return { kind: 'none' };
    if (this.followed && !this.idIsFresh) return { kind: 'none' };
    if (this.cookieDue && this.base !== null) {
      return {
        kind: 'set',
        token: this.token,
        maxAge: this.#runtime.lifetimes.maxAge(this.state, this.expiresAt),
        fresh: this.idIsFresh,
      };
    }
    return this.#destroyed && cameWithCookie && !this.#nothingDestroyed
      ? { kind: 'expire' }
      : { kind: 'none' };
  }

  // ---- for subclasses ------------------------------------------------------------------------------------------

  /** Until when the record of a write made now lives, and whether that calls for a new cookie. */
  protected nextExpiry(): { expiresAt: number; renewed: boolean } {
    const { base, state } = this;
    const isKept =
      base !== null &&
      !this.moving &&
      !state.durationChanged &&
      !this.#runtime.lifetimes.isRenewalDue(state, base.expiresAt);
    if (isKept) return { expiresAt: base.expiresAt, renewed: false };
    return { expiresAt: this.fullExpiry, renewed: true };
  }

  /** A draft of a state was stored. */
  protected settled(state: SessionState, draft: Draft, base: Base, cookieDue: boolean): void {
    this.#lastStored = { state, base };
    state.stored(draft);
    if (state !== this.state) return;
    this.base = base;
    this.#renewalDue = false;
    // Unless the application asked for yet another id while this one was being stored.
    if (!this.moving) this.leavesMarker = true;
    if (cookieDue) this.cookieDue = true;
  }

  /** The record is gone: this request's changes are dropped, and its response says nothing about the cookie. */
  protected drop(): void {
    this.dropped = true;
    this.base = null;
    this.#renewalDue = false;
  }

  /** Whether the only thing due may be that the lifetime is renewed. */
  protected get renewalDue(): boolean {
    return this.#renewalDue;
  }

  /** The renewal turned out to be pointless. */
  protected renewalDone(): void {
    this.#renewalDue = false;
  }

  protected get client(): Client {
    return this.#clientOf === null ? UNKNOWN_CLIENT : this.#clientOf();
  }

  /** The path of the value that names the user. */
  get userKey(): string {
    return this.#runtime.userKey;
  }

  protected get userId(): string | null {
    return recordedUser(this.state.values, this.#runtime.userKey);
  }
}

function neverSettles(key: string): SessionValueError {
  return new SessionValueError(
    `The session's value at "${shownKey(key)}" was another one each of the ${COMMIT_STEPS} times that it was stored in a row, so the ` +
      'commit has no end. Put a plain copy of it into the session, and do not go on changing it while the session is committed.',
    { atCommit: true },
  );
}

function unstoredChanges(): SessionError {
  return new SessionError(
    'The session cannot be made read-only: this request has changed it, and that is not stored yet. ' +
      'Call `await session.commit()` before `initiate(true)`, or `await session.reload()` to drop the changes.',
  );
}
