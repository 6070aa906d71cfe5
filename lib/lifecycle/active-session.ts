import { type Payload, signedInAt } from '../state/payload.js';
import { type Draft, SessionState } from '../state/session-state.js';
import type { SessionRecord } from '../drivers/driver.js';
import { SessionStoreError } from '../session.errors.js';
import { type AfterMove, type AskedId, afterMove } from './new-id-after-move.js';
import { recordedUser } from './users/recorded-user.js';
import type { BaseVersion, Phase, Visit } from './phase.js';
import { ActiveSessionFields } from './active-session-fields.js';
import { beforeStored, isStoringHeard, publishEnded, publishStored, subjectOf } from './publish-events.js';

/**
 * One session of a request. If the request destroys it or switches to another, it continues with a new
 * object; operations under way finish with this one.
 */
export class ActiveSession extends ActiveSessionFields {
  /** Creates another session for the same request. */
  next(id: string | null, phase: 'new' | 'stale'): ActiveSession {
    const next = new ActiveSession(this.runtime, this.caller, id, phase);
    next.isVisit = this.isVisit;
    return next;
  }

  /** Makes the request passive, so that it renews nothing. */
  bePassive(): void {
    this.isVisit = false;
    this.renewalDue = false;
  }

  /**
   * Bases the session on what was found in the store or in a token.
   *
   * @param text the text that the payload was parsed from
   */
  found(loaded: BaseVersion, payload: Payload, text: string, visit?: Visit): void {
    const { serializer, lifetimes } = this.runtime;
    const state = SessionState.loaded(serializer, payload, text, this.caller.consumesFlash);
    this.#standOn(loaded, 'stored');
    this.givenId = loaded.id;
    // A request may bring several tokens; an earlier attempt with another token may have set this.
    this.movedTo = null;
    this.endedSubject = null;
    this.fresh = false;
    this.loadedState = state;
    if (this.isVisit) this.renewalDue = lifetimes.isVisitRenewing(state.facts, loaded.expiresAt, visit);
    if (visit !== undefined) this.latestVisit = visit;
  }

  /** Marks the session as stale: another request has just replaced its id. Of several tokens, the first one counts. */
  becomeStale(to: string): void {
    this.phase = 'stale';
    this.movedTo ??= to;
  }

  /** Refuses writes from now on; nothing more is committed. */
  refuseWrites(): void {
    this.readonly ||= 'chosen';
  }

  /**
   * Handles a store failure during the load: the session is empty and read-only, if the application tolerates
   * that (`whenStoreFails`). A reload with changes since its call is left to their commit.
   *
   * @throws the error itself, if the application does not, or if the store is not what failed
   */
  degradeOn(error: unknown): void {
    if (!this.runtime.degrade || !(error instanceof SessionStoreError)) throw error;
    if (!this.changedSinceReload) this.readonly = 'degraded';
  }

  /** Bases the session on what was reloaded; unstored changes are discarded, unless there were more meanwhile. */
  reloaded(loaded: BaseVersion, state: SessionState, visit?: Visit): void {
    // The commit finds out what is stored now, and adds all changes to it.
    if (this.changedSinceReload) return;
    this.followed ||= loaded.id !== this.base?.id;
    if (this.hasNewId || this.followed) this.fresh = false;
    this.#standOn(loaded, 'stored');
    if (visit !== undefined) this.latestVisit = visit;
    this.givenId = loaded.id;
    this.loadedState = state;
    this.pending = null;
  }

  /**
   * The session is gone and cannot be reloaded. Later writes must not bring it back.
   *
   * @param to where another request has moved it: this one can still end it there
   */
  reloadedAsGone(to: string | null = null): void {
    if (this.changedSinceReload) return;
    this.loadedState = null;
    this.pending = null;
    if (this.readonly || this.base === null) return;
    this.drop();
    if (to !== null) this.becomeStale(to);
  }

  /** The write was refused: discards the request's changes; back to the state that was last loaded or stored. */
  giveBack(): void {
    this.changesBeforeReload = this.changes;
    const state = this.state.reloadedFromText();
    if (this.base !== null && state !== null) return this.reloaded(this.base, state);
    this.loadedState = null;
    this.pending = null;
    this.begins = false;
  }

  /** Gives the session another id. After `invalidate`, it is still the old session that ends. */
  rotate(id: string): void {
    // The public handle stays when the id changes; a session that is not stored has none yet.
    if (this.base !== null) this.state.facts.handle = this.handle;
    this.givenId = id;
    this.fresh = true;
    if (this.phase === 'stored') this.phase = 'rotating';
  }

  /** Has the next commit store a new session, so that its id is still valid in the next request. */
  begin(): void {
    this.begins = this.base === null;
  }

  /** Empties the session and gives it another id. What is stored under the old one ends. */
  invalidate(id: string): void {
    this.rotate(id);
    if (this.phase === 'rotating') this.phase = 'ending';
    // A cookie that opens nothing expires: it may open its session another time.
    if (this.base === null) this.hasEnded = true;
    this.state.beginAnew(this.runtime.clock.now());
  }

  /** The stored session has ended; a new one begins under the id that it got since. */
  startOver(): void {
    if (!this.endedByRequest) publishEnded(this.runtime, subjectOf(this), 'invalidated');
    this.endedSubject = null;
    this.hasEnded = true;
    this.endedByRequest = false;
    // Whether an earlier write arrived does not matter any more.
    this.pending = null;
    this.#standOnNothing();
  }

  /**
   * A write succeeded.
   *
   * @param loaded the version that it stored; null if it could not be stored and nothing is lost by that
   */
  onStored(draft: Draft, loaded: BaseVersion | null, cookieDue: boolean): void {
    const written = this.pending;
    this.pending = null;
    const before = loaded !== null && isStoringHeard() ? beforeStored(this) : null;
    this.begins = false;
    this.state.onStored(draft);
    this.renewalDue = false;
    if (loaded === null) return;
    if (written !== null) this.latestVisit = written.record;
    // The application may have requested yet another id while this write was under way.
    const moves = this.phase === 'ending' ? 'ending' : 'rotating';
    this.#standOn(loaded, loaded.id === this.givenId ? 'stored' : moves);
    this.cookieDue ||= cookieDue;
    if (before !== null) publishStored(this, before, loaded, draft);
    this.attempts = 0;
    this.hasMerged = false;
  }

  /** Another request wrote first: replays this request's changes on the newest version. */
  rebase(newest: SessionRecord, payload: Payload): void {
    if (this.base !== null) this.#replayOn(this.base.id, newest, payload, this.phase);
  }

  /** Another request moved the session to a new id: follows it there, or separates from it. */
  follow(id: string, newest: SessionRecord, payload: Payload): void {
    const next = this.#afterMove(payload, newest);
    if (next === 'separate') return this.separate();
    // Only `invalidate` and a sign-in need an id that nobody else knows.
    const phase = this.phase === 'ending' || next === 'move' ? this.phase : 'stored';
    this.#replayOn(id, newest, payload, phase);
    this.followed = true;
    if (phase !== 'stored') return;
    this.fresh &&= next === 'share';
    this.cookieDue = this.fresh;
    this.givenId = id;
  }

  get #askedId(): AskedId {
    if (!this.fresh || this.phase === 'ending') return 'nothing';
    return this.phase === 'rotating' ? 'new' : 'new-and-stored';
  }

  #afterMove({ s: signIn }: Payload, { userId }: Visit): AfterMove {
    const { state, storedUser } = this;
    const before = { user: storedUser, signedInAt: signedInAt(state.facts.storedSignIn, storedUser) };
    const now = { user: userId, signedInAt: signedInAt(signIn, userId) };
    return afterMove(this.#askedId, before, now, this.signsIn);
  }

  /** The user that this request signs in; null for none. */
  get signsIn(): string | null {
    const user = recordedUser(this.state.readonlyValues, this.runtime.userKey);
    return this.state.facts.signsIn || user !== this.storedUser ? user : null;
  }

  /**
   * Begins a session of its own under the requested id, with the current content: what is stored now belongs
   * to somebody else, or is out of reach.
   */
  separate(): void {
    this.hasSeparated = true;
    this.state.facts.handle = undefined;
    this.#standOnNothing();
  }

  #replayOn(id: string, newest: SessionRecord, payload: Payload, phase: Phase): void {
    this.state.rebase(payload, newest.payload);
    this.hasMerged = true;
    this.latestVisit = newest;
    this.#standOn({ id, version: newest.version, expiresAt: newest.expiresAt }, phase);
  }

  #standOnNothing(): void {
    this.base = null;
    this.latestVisit = null;
    this.phase = 'new';
  }

  #standOn(loaded: BaseVersion, phase: Phase): void {
    this.base = loaded;
    this.watch?.at(loaded);
    this.phase = phase;
    // Other requests know the record from here on: the old id redirects to it.
    if (this.unsharedRecord?.id === loaded.id) this.unsharedRecord = null;
  }

  /** The lifetime was extended. */
  renewed(expiresAt: number, cookieDue: boolean): void {
    this.renewalDue = false;
    if (this.base !== null) this.base = { ...this.base, expiresAt };
    this.cookieDue ||= cookieDue;
  }

  /** The store failed, and the lifetime stays as it is. */
  forgoRenewal(): void {
    this.renewalDue = false;
    this.pending = null;
  }

  /**
   * The session is gone from the store: the request's changes are dropped.
   *
   * @param to where another request has moved it: this one can still end it there, and does if it has invalidated it
   */
  drop(to: string | null = null): void {
    this.endedSubject = subjectOf(this);
    this.base = null;
    if (to === null) this.phase = 'dropped';
    else if (this.phase === 'ending') this.movedTo = to;
    else this.becomeStale(to);
    this.watch?.look();
  }
}
