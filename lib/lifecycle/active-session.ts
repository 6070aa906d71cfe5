import { handleOf } from '../crypto/handle.js';
import { randomId } from '../crypto/random-id.js';
import type { ConsumesFlash } from '../state/flash-aging.js';
import type { FlashState } from '../state/flash-state.js';
import type { Payload } from '../state/payload.js';
import { type Draft, SessionState } from '../state/session-state.js';
import type { PendingWrite } from './pending-write.js';
import type { LoadedVersion, Phase, StoredVersion, Visit } from './phase.js';
import type { Client, SessionRuntime } from './session-runtime.js';
import {
  type Told,
  beforeStored,
  isEndingHeard,
  isStoringHeard,
  tellEnded,
  tellStored,
  toldOf,
} from './telling.js';
import type { Watch } from './watch.js';

/**
 * One session that a request works with. A request that destroys its session or switches to another one goes on with
 * another object, so whatever is still under way for this one finds it as it was, and `closed`.
 */
export class ActiveSession {
  loaded: LoadedVersion | null = null;
  /** Whether the id was made in this request. */
  fresh = true;
  /** Whether the cookie has to be sent because of id, data or a renewal. */
  cookieDue = false;
  /** Whether another request moved it to a new id: that one's response tells the browser. */
  followed = false;
  /** Whether it is loaded from under the id that another request has just moved it to: for code that no visitor calls. */
  followsMoves = false;
  /** Whether a visitor is behind it. Where none is (a job, a passive route), lifetime and last visit stay as they are. */
  isVisit = true;
  /** Whether the record goes on saying who is at the other end as the latest request has said it (a socket). */
  keepsClient = false;
  /** What the latest visit left in the record; null where nothing is stored. */
  latestVisit: Visit | null = null;
  /** The user whose session it is by what is stored of it; null for nobody's. */
  storedUser: string | null = null;
  /** Whether what was stored of it has ended, by invalidate. */
  hasEnded = false;
  /** What is being written, or was written without an answer. Only where records are kept, like the next one. */
  pending: PendingWrite | null = null;
  /** The record under a new id that nobody else knows yet. */
  unsharedRecord: { readonly id: string; readonly version: number } | null = null;
  /** Null where the request does not want to know when it ends. */
  watch: Watch | null = null;
  /** What the cookie holds, where that is the session itself. */
  token = '';
  /** When its load or write began, by the monotonic clock, where anybody wants to hear of it. */
  since = 0;
  /** How often the write under way was tried. */
  attempts = 0;
  /** Whether the changes of the write under way were replayed on what another request had stored. */
  hasMerged = false;
  /** Where it is `left`: what is known of the session that its id was of. */
  leftBehind: Told | null = null;
  /** Whether the application asked for the id. */
  idTold = false;
  /** What can be spared where the session would be too large, one after the other until it fits. Each says whether it made it smaller. */
  spares: ((flash: FlashState) => boolean)[] = [];
  /** Whether it is to be stored as it is, though nothing was written to it. */
  #begins = false;
  /** Null until something needs it. */
  #id: string | null;
  /** The id that it has now, where it is `left`. */
  #movedTo: string | null = null;
  /** Null until something needs it: most requests load one, and an empty one would be made for nothing. */
  #state: SessionState | null = null;
  #access: 'writable' | 'readonly' | 'degraded' = 'writable';
  #renewalDue = false;

  /**
   * @param ages whether the request uses flash messages up
   * @param clientOf who is at the other end, asked only when a record is written
   * @param id that it begins with; null: a new one, made when something needs it
   * @param phase `new`, or `left` where the request came late
   */
  constructor(
    readonly runtime: SessionRuntime,
    readonly ages: ConsumesFlash,
    readonly clientOf: (() => Client) | null,
    id: string | null,
    public phase: Phase,
  ) {
    this.#id = id;
  }

  /** Another session of the same request. */
  next(id: string | null, phase: 'new' | 'left'): ActiveSession {
    const next = new ActiveSession(this.runtime, this.ages, this.clientOf, id, phase);
    next.isVisit = this.isVisit;
    return next;
  }

  /** It turns out that nobody visits: the request renews nothing. */
  bePassive(): void {
    this.isVisit = false;
    this.#renewalDue = false;
  }

  get id(): string {
    return (this.#id ??= randomId());
  }

  /** Its public name. The id's own, until it moves to another. */
  get handle(): string {
    return this.state.handle ?? handleOf(this.id);
  }

  get closed(): boolean {
    return this.phase === 'closed';
  }

  /** Whether it is stored under another id than the one it has. */
  get moving(): boolean {
    return this.phase === 'rotating' || this.phase === 'ending';
  }

  /** Whether nothing more is written of it. */
  get isOver(): boolean {
    return this.phase === 'left' || this.phase === 'dropped' || this.phase === 'closed';
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return (this.#state ??= SessionState.empty(this.runtime.serializer, this.runtime.clock.now()));
  }

  /** How long it lives without a visit, ms. */
  get duration(): number {
    return this.runtime.lifetimes.durationOf(this.state);
  }

  /** Epoch ms. A lifetime that was changed begins with the write that stores it. */
  get expiresAt(): number {
    if (this.loaded !== null && !this.state.durationChanged) return this.loaded.expiresAt;
    return this.runtime.lifetimes.fullExpiry(this.state);
  }

  /**
   * Until when a cookie may be good that holds what is loaded; epoch ms. A request of the same moment may be renewing it:
   * so for a whole lifetime from now on.
   */
  get cookieUntil(): number {
    const { clock, lifetimes } = this.runtime;
    const whole = clock.now() + lifetimes.durationOf({ duration: this.state.storedDuration });
    return Math.max(this.loaded?.expiresAt ?? 0, whole);
  }

  /** Whether the cookie has no lifetime of its own. */
  get endsWithBrowser(): boolean {
    return this.runtime.lifetimes.endsWithBrowser(this.state);
  }

  get readonly(): boolean {
    return this.#access !== 'writable';
  }

  /** Whether it is its store that made the session read-only. */
  get degraded(): boolean {
    return this.#access === 'degraded';
  }

  /** Whether the application changed something in this request that is not stored yet. */
  get modified(): boolean {
    return this.moving || (this.#state !== null && this.#state.modified);
  }

  /** Whether a write has anything to do. Asked several times a request. */
  get due(): boolean {
    return this.#access === 'writable' && !this.isOver && (this.#renewalDue || this.#isMoreDue);
  }

  /** Whether all that a write has to do is to renew the lifetime. */
  get onlyRenewalDue(): boolean {
    return this.#renewalDue && !this.#isMoreDue;
  }

  /** Whether there is more to do than to renew the lifetime. */
  get #isMoreDue(): boolean {
    return this.pending !== null || this.isChanged;
  }

  /** Whether what it is made of is another thing than what was loaded or stored last. */
  get isChanged(): boolean {
    return this.moving || this.#begins || (this.#state !== null && this.#state.due);
  }

  /** Whether something becomes due by being read alone. */
  get mayBecomeDue(): boolean {
    return this.#state !== null && this.#state.flash.holdsUnread;
  }

  /** What to remove where it is destroyed; null for nothing. Version 0: not known. */
  get removable(): { readonly id: string; readonly version: number } | null {
    if (this.loaded !== null) return this.loaded;
    const id = this.pending === null ? this.#movedTo : this.pending.id;
    return id === null ? null : { id, version: 0 };
  }

  /** It was found in the store, or in a token. */
  found(loaded: LoadedVersion, state: SessionState, visit?: Visit): void {
    this.#standOn(loaded, 'stored');
    this.#id = loaded.id;
    // Of several tokens, one before this may have been of a session that was left.
    this.#movedTo = null;
    this.fresh = false;
    this.#state = state;
    if (this.isVisit)
      this.#renewalDue = this.runtime.lifetimes.isVisitRenewing(state, loaded.expiresAt, visit);
    this.#visited(visit);
  }

  /** The id that came in has just been replaced by another request. Of several, the first counts. */
  leave(to: string): void {
    this.#enter('left');
    this.#movedTo ??= to;
  }

  /** Writing is refused from here on, and nothing more is committed. `degraded`: the store failed while it was loaded, so that it is empty. */
  refuseWrites(access: 'readonly' | 'degraded'): void {
    if (!this.degraded) this.#access = access;
  }

  /** It was loaded once more: what the request did not store is forgotten. */
  reloaded(loaded: LoadedVersion, state: SessionState, visit?: Visit): void {
    this.followed ||= loaded.id !== this.loaded?.id;
    if (this.moving || this.followed) this.fresh = false;
    this.#standOn(loaded, 'stored');
    this.#visited(visit);
    this.#id = loaded.id;
    this.#state = state;
    this.pending = null;
  }

  /** Nothing is left of it to load once more. What is written now must not bring it back. */
  reloadedAsGone(): void {
    this.#state = null;
    this.pending = null;
    if (!this.readonly && this.loaded !== null) this.drop();
  }

  /** What was to be stored is refused: what the request changed is forgotten, and it is as it was loaded or stored last. */
  giveBack(): void {
    const { loaded } = this;
    const state = loaded === null ? null : this.state.reloadedFromText();
    if (loaded !== null && state !== null) return this.reloaded(loaded, state);
    this.#state = null;
    this.pending = null;
    this.#begins = false;
  }

  /** It goes on under another id. An end that was asked for (invalidate) stays one. */
  rotate(id: string): void {
    // What is not stored has no handle that anybody could know it by.
    if (this.loaded !== null) this.state.handle = this.handle;
    this.#id = id;
    this.fresh = true;
    if (this.phase === 'stored') this.phase = 'rotating';
  }

  /** It is stored with the next commit, so that its id still holds in the next request. */
  begin(): void {
    this.#begins = this.loaded === null;
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
  ended(byThis = true): void {
    const told = byThis && isEndingHeard() ? toldOf(this) : null;
    if (told !== null) tellEnded(this.runtime, told, 'invalidated');
    this.loaded = null;
    this.latestVisit = null;
    this.storedUser = null;
    this.hasEnded = true;
    this.#enter('new');
  }

  /** A write of it is settled. @param loaded what is stored by it; null where it could not be, and nothing is lost with it */
  stored(draft: Draft, loaded: LoadedVersion | null, cookieDue: boolean): void {
    const written = this.pending;
    this.pending = null;
    const before = loaded !== null && isStoringHeard() ? beforeStored(this) : null;
    this.#begins = false;
    this.state.stored(draft);
    this.#renewalDue = false;
    if (loaded === null) return;
    if (written !== null) this.storedUser = written.record.userId;
    // The application may have asked for yet another id while this one was being stored.
    const moves = this.phase === 'ending' ? 'ending' : 'rotating';
    this.#standOn(loaded, loaded.id === this.#id ? 'stored' : moves);
    this.cookieDue ||= cookieDue;
    if (before !== null) tellStored(this, before, loaded, draft);
    this.attempts = 0;
    this.hasMerged = false;
  }

  /** Others wrote first: this request's changes stand on that version from now on. */
  rebase(newest: StoredVersion, payload: Payload, visit: Visit | undefined): void {
    if (this.loaded === null || this.closed) return;
    this.state.rebase(payload, newest.payload);
    this.hasMerged = true;
    this.#visited(visit);
    this.#standOn({ id: this.loaded.id, version: newest.version, expiresAt: newest.expiresAt }, this.phase);
  }

  /** Another request moved it to a new id: it goes on there. */
  follow(id: string, newest: StoredVersion, payload: Payload, visit: Visit): void {
    if (this.closed) return;
    this.state.rebase(payload, newest.payload);
    this.hasMerged = true;
    this.#visited(visit);
    this.followed = true;
    // The other's new id serves this one's regenerate too: of two new ids at once, the browser would lose one. Only
    // invalidate needs an id that nobody else knows.
    const phase = this.phase === 'ending' ? 'ending' : 'stored';
    this.#standOn({ id, version: newest.version, expiresAt: newest.expiresAt }, phase);
    if (phase === 'ending') return;
    this.cookieDue = this.fresh;
    this.#id = id;
  }

  #visited(visit: Visit | undefined): void {
    if (visit === undefined) return;
    this.latestVisit = visit;
    this.storedUser = visit.userId;
  }

  #standOn(loaded: LoadedVersion, phase: Phase): void {
    this.loaded = loaded;
    this.watch?.at(loaded);
    this.#enter(phase);
    // Others find it there by its old id.
    if (this.unsharedRecord?.id === loaded.id) this.unsharedRecord = null;
  }

  /** Its lifetime was extended in the store; null where that turned out to be pointless. */
  renewed(expiresAt: number | null, cookieDue: boolean): void {
    this.#renewalDue = false;
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
