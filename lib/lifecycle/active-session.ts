import { type Payload, signedInAt } from '../state/payload.js';
import type { Draft, SessionState } from '../state/session-state.js';
import type { SessionRecord } from '../drivers/driver.js';
import { SessionStoreError } from '../session.errors.js';
import { type AfterMove, type AskedId, afterMove } from './new-id-after-move.js';
import { recordedUser } from './users/recorded-user.js';
import type { LoadedVersion, Phase, Visit } from './phase.js';
import { SessionStanding } from './session-standing.js';
import { beforeStored, isStoringHeard, publishEnded, publishStored, subjectOf } from './publish-events.js';

/**
 * One session that a request works with. A request that destroys its session or switches to another one goes on with
 * another object, so whatever is still under way for this one finds it as it was, and `closed`.
 */
export class ActiveSession extends SessionStanding {
  /** Another session of the same request. */
  next(id: string | null, phase: 'new' | 'stale'): ActiveSession {
    const next = new ActiveSession(this.runtime, this.caller, id, phase);
    next.isVisit = this.isVisit;
    return next;
  }

  /** It turns out that nobody visits: the request renews nothing. */
  bePassive(): void {
    this.isVisit = false;
    this.renewalDue = false;
  }

  /** It was found in the store, or in a token. */
  found(loaded: LoadedVersion, state: SessionState, visit?: Visit): void {
    this.#standOn(loaded, 'stored');
    this.givenId = loaded.id;
    // The request may have brought several tokens, and one that was tried before may have set this.
    this.movedTo = null;
    this.fresh = false;
    this.loadedState = state;
    if (this.isVisit)
      this.renewalDue = this.runtime.lifetimes.isVisitRenewing(state.facts, loaded.expiresAt, visit);
    if (visit !== undefined) this.latestVisit = visit;
  }

  /** The id that came in has just been replaced by another request. Of several, the first counts. */
  becomeStale(to: string): void {
    this.#enter('stale');
    this.movedTo ??= to;
  }

  /** Writing is refused from here on, and nothing more is committed. */
  refuseWrites(): void {
    if (!this.degraded) this.access = 'readonly';
  }

  /**
   * Its store failed while it was loaded: it is empty and read-only, where the application goes on so (`whenStoreFails`).
   *
   * @throws the error itself, where it does not, or where that was no failure of the store
   */
  degradeOn(error: unknown): void {
    if (!this.runtime.degrade || !(error instanceof SessionStoreError)) throw error;
    this.access = 'degraded';
  }

  /** It was loaded once more: what the request did not store is forgotten. */
  reloaded(loaded: LoadedVersion, state: SessionState, visit?: Visit): void {
    this.followed ||= loaded.id !== this.loaded?.id;
    if (this.moving || this.followed) this.fresh = false;
    this.#standOn(loaded, 'stored');
    if (visit !== undefined) this.latestVisit = visit;
    this.givenId = loaded.id;
    this.loadedState = state;
    this.pending = null;
  }

  /** Nothing is left of it to load once more. What is written now must not bring it back. */
  reloadedAsGone(): void {
    this.loadedState = null;
    this.pending = null;
    if (!this.readonly && this.loaded !== null) this.drop();
  }

  /** What was to be stored is refused: what the request changed is forgotten, and it is as it was loaded or stored last. */
  giveBack(): void {
    const { loaded } = this;
    const state = loaded === null ? null : this.state.reloadedFromText();
    if (loaded !== null && state !== null) return this.reloaded(loaded, state);
    this.loadedState = null;
    this.pending = null;
    this.begins = false;
  }

  /** It goes on under another id. An end that was asked for (invalidate) stays one. */
  rotate(id: string): void {
    // The public handle stays when the id changes; a session that is not stored has none yet.
    if (this.loaded !== null) this.state.facts.handle = this.handle;
    this.givenId = id;
    this.fresh = true;
    if (this.phase === 'stored') this.phase = 'rotating';
  }

  /** It is stored with the next commit, so that its id still holds in the next request. */
  begin(): void {
    this.begins = this.loaded === null;
  }

  /** It begins anew under another id, and what is stored of it ends. */
  invalidate(id: string): void {
    this.rotate(id);
    if (this.phase === 'rotating') this.phase = 'ending';
    this.state.beginAnew(this.runtime.clock.now());
  }

  /**
   * What was stored of it has ended; it begins anew under the id that it got since.
   *
   * @param byThis false where another request had ended it already
   */
  startOver(byThis = true): void {
    if (byThis) publishEnded(this.runtime, subjectOf(this), 'invalidated');
    this.hasEnded = true;
    this.#standOnNothing();
  }

  /** A write of it is through. @param loaded what is stored by it; null where it could not be, and nothing is lost with it */
  stored(draft: Draft, loaded: LoadedVersion | null, cookieDue: boolean): void {
    const written = this.pending;
    this.pending = null;
    const before = loaded !== null && isStoringHeard() ? beforeStored(this) : null;
    this.begins = false;
    this.state.stored(draft);
    this.renewalDue = false;
    if (loaded === null) return;
    if (written !== null) this.latestVisit = written.record;
    // The application may have asked for yet another id while this one was being stored.
    const moves = this.phase === 'ending' ? 'ending' : 'rotating';
    this.#standOn(loaded, loaded.id === this.givenId ? 'stored' : moves);
    this.cookieDue ||= cookieDue;
    if (before !== null) publishStored(this, before, loaded, draft);
    this.attempts = 0;
    this.hasMerged = false;
  }

  /** Others wrote first: this request's changes stand on that version from now on. */
  rebase(newest: SessionRecord, payload: Payload): void {
    if (this.loaded === null || this.closed) return;
    this.#replayOn(newest, payload);
    this.#standOn({ id: this.loaded.id, version: newest.version, expiresAt: newest.expiresAt }, this.phase);
  }

  /** Another request moved it to a new id: it goes on there, or parts from it. */
  follow(id: string, newest: SessionRecord, payload: Payload): void {
    if (this.closed) return;
    const next = this.#afterMove(payload, newest);
    if (next === 'part') return this.part();
    this.#replayOn(newest, payload);
    this.followed = true;
    // Only invalidate, and a sign-in, need an id that nobody else knows.
    const phase = this.phase === 'ending' || next === 'move' ? this.phase : 'stored';
    this.#standOn({ id, version: newest.version, expiresAt: newest.expiresAt }, phase);
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

  /** The user whom this request signs in; null for none. */
  get signsIn(): string | null {
    const user = recordedUser(this.state.readonlyValues, this.runtime.userKey);
    return this.state.facts.signsIn || user !== this.storedUser ? user : null;
  }

  /** It begins under the id that it has asked for, with what it holds: what is stored of it is another's by now, or out of reach. */
  part(): void {
    this.hasParted = true;
    this.state.facts.handle = undefined;
    this.#standOnNothing();
  }

  #replayOn(newest: SessionRecord, payload: Payload): void {
    this.state.rebase(payload, newest.payload);
    this.hasMerged = true;
    this.latestVisit = newest;
  }

  #standOnNothing(): void {
    this.loaded = null;
    this.latestVisit = null;
    this.#enter('new');
  }

  #standOn(loaded: LoadedVersion, phase: Phase): void {
    this.loaded = loaded;
    this.watch?.at(loaded);
    this.#enter(phase);
    // The record is known to others from here on: the old id leads to it.
    if (this.unsharedRecord?.id === loaded.id) this.unsharedRecord = null;
  }

  /** Its lifetime was extended in the store; null where that turned out to be pointless. */
  renewed(expiresAt: number | null, cookieDue: boolean): void {
    this.renewalDue = false;
    if (expiresAt !== null && this.loaded !== null) this.loaded = { ...this.loaded, expiresAt };
    this.cookieDue ||= cookieDue;
  }

  /** It is gone from the store: what the request changed is dropped. */
  drop(): void {
    if (!this.closed) this.loaded = null;
    this.#enter('dropped');
    this.watch?.look();
  }

  /** The request lets go of it. */
  close(): void {
    this.phase = 'closed';
  }

  #enter(phase: Phase): void {
    if (!this.closed) this.phase = phase;
  }
}
