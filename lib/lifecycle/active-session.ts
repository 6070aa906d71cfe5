import { randomId } from '../crypto/random-id.js';
import type { SessionRecord } from '../drivers/driver.js';
import type { Ages } from '../state/flash-state.js';
import type { Payload } from '../state/payload.js';
import { type Draft, SessionState } from '../state/session-state.js';
import type { PendingWrite } from './pending-write.js';
import { recordedUser } from './recorded-user.js';
import type { Client, SessionRuntime } from './session-runtime.js';

/** The stored version of a session that a request's changes stand on. */
export interface LoadedVersion {
  readonly id: string;
  readonly version: number;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/**
 * How far a session has come in one request:
 *
 * - `new`: nothing is stored of it
 * - `stored`: a version of it is stored under its id
 * - `rotating`: it got another id; the next write moves it there and leaves a redirect
 * - `ending`: it got another id by invalidate; what is stored ends before anything is written under that id
 * - `left`: the request came with an id that another one had just replaced. It reads as empty, stores nothing and sends
 *   no cookie: all that can be done to it is to end it
 * - `dropped`: it was gone when the request came to commit: what the request changed is not stored
 * - `closed`: the request has let go of it (destroy, setId). What is under way for it may arrive; nothing more is written
 */
export type Phase = 'new' | 'stored' | 'rotating' | 'ending' | 'left' | 'dropped' | 'closed';

/** What another request stored. */
type StoredText = Pick<SessionRecord, 'version' | 'expiresAt' | 'payload'>;

const UNKNOWN_CLIENT: Client = { ipAddress: null, userAgent: null };

/**
 * One session that a request works with. A request that destroys its session or switches to another one goes on with
 * another object, so whatever is still under way for this one finds it as it was, and `closed`.
 */
export class ActiveSession {
  readonly runtime: SessionRuntime;
  /** Whether the request uses flash messages up. */
  readonly ages: Ages;
  readonly #clientOf: (() => Client) | null;
  #phase: Phase = 'new';
  /** Null until something needs it. */
  #id: string | null;
  #idIsFresh = true;
  #loaded: LoadedVersion | null = null;
  /** The id that it has now, where it is `left`. */
  #movedTo: string | null = null;
  /** Null until something needs it: most requests load one, and an empty one would be made for nothing. */
  #state: SessionState | null = null;
  #renewalDue = false;
  #access: 'writable' | 'readonly' | 'degraded' = 'writable';
  /** Another request moved it to a new id, and that one's response tells the browser. */
  #followed = false;
  /** Whether the cookie has to be sent because of id, data or a renewal. */
  cookieDue = false;
  /** What is being written, or was written without an answer. Only where records are kept. */
  pending: PendingWrite | null = null;
  /** The record under a new id that nobody else knows yet. Only where records are kept. */
  unsharedRecord: { readonly id: string; readonly version: number } | null = null;
  /** What the cookie holds, where that is the session itself. */
  token = '';

  /**
   * @param id that it begins with; null: a new one, made when something needs it
   * @param clientOf who is at the other end, asked only when a record is written
   */
  constructor(runtime: SessionRuntime, ages: Ages, clientOf: (() => Client) | null, id: string | null) {
    this.runtime = runtime;
    this.ages = ages;
    this.#clientOf = clientOf;
    this.#id = id;
  }

  // ---- as it stands --------------------------------------------------------------------------------------------

  get phase(): Phase {
    return this.#phase;
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  get id(): string {
    return (this.#id ??= randomId());
  }

  /** Whether the id was made in this request. */
  get fresh(): boolean {
    return this.#idIsFresh;
  }

  get loaded(): LoadedVersion | null {
    return this.#loaded;
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return (this.#state ??= this.#emptyState());
  }

  get readonly(): boolean {
    return this.#access !== 'writable';
  }

  /** Whether it is its store that made the session read-only. */
  get degraded(): boolean {
    return this.#access === 'degraded';
  }

  /** Whether it is stored under another id than the one it has. */
  get moving(): boolean {
    return this.#phase === 'rotating' || this.#phase === 'ending';
  }

  /** Whether the application changed something in this request that is not stored yet. */
  get modified(): boolean {
    return this.moving || (this.#state !== null && this.#state.modified);
  }

  /** Whether a write has anything to do. */
  get due(): boolean {
    if (this.readonly || this.#isOver) return false;
    return this.#renewalDue || this.pending !== null || this.moving || this.#isStateDue;
  }

  /** Whether all that a write has to do is to renew the lifetime. */
  get onlyRenewalDue(): boolean {
    return this.#renewalDue && this.pending === null && !this.moving && !this.#isStateDue;
  }

  get #isOver(): boolean {
    return this.#phase === 'left' || this.#phase === 'dropped' || this.#phase === 'closed';
  }

  get #isStateDue(): boolean {
    return this.#state !== null && this.#state.due;
  }

  /** Whether something becomes due by being read alone. */
  get mayBecomeDue(): boolean {
    return this.#state !== null && this.#state.flash.holdsUnread;
  }

  /** Whether what is due comes to nothing without a new cookie: a session or an id that the browser does not know. */
  get needsCookie(): boolean {
    return this.#loaded === null ? this.#isStateDue : this.moving;
  }

  /** Whether the response says nothing of the cookie: that is up to another request's. */
  get isToldByOthers(): boolean {
    return this.#isOver || (this.#followed && !this.#idIsFresh);
  }

  /** What is to be removed where it is destroyed; null for nothing. The version is 0 where it is not known. */
  get removable(): { readonly id: string; readonly version: number } | null {
    if (this.#loaded !== null) return this.#loaded;
    const id = this.pending === null ? this.#movedTo : this.pending.id;
    return id === null ? null : { id, version: 0 };
  }

  /** When it ends if it is visited now; epoch ms. */
  get fullExpiry(): number {
    return this.runtime.lifetimes.fullExpiry(this.state);
  }

  /** Epoch ms. A lifetime that was changed begins with the write that stores it. */
  get expiresAt(): number {
    return this.#loaded === null || this.state.durationChanged ? this.fullExpiry : this.#loaded.expiresAt;
  }

  /** Until when the record of a write made now lives, and whether that calls for a new cookie. */
  nextExpiry(): { expiresAt: number; renewed: boolean } {
    const { lifetimes } = this.runtime;
    const loaded = this.moving || this.state.durationChanged ? null : this.#loaded;
    if (loaded !== null && !lifetimes.isRenewalDue(this.state, loaded.expiresAt))
      return { expiresAt: loaded.expiresAt, renewed: false };
    return { expiresAt: this.fullExpiry, renewed: true };
  }

  get client(): Client {
    return this.#clientOf === null ? UNKNOWN_CLIENT : this.#clientOf();
  }

  /** The user that its record names. */
  get userId(): string | null {
    return recordedUser(this.state.values, this.runtime.userKey);
  }

  // ---- what becomes of it --------------------------------------------------------------------------------------

  /** It was found in the store, or in a token. */
  found(loaded: LoadedVersion, state: SessionState): void {
    this.#phase = 'stored';
    this.#loaded = loaded;
    this.#id = loaded.id;
    this.#idIsFresh = false;
    this.#state = state;
    this.#renewalDue = this.runtime.lifetimes.isVisitRenewing(state, loaded.expiresAt);
  }

  /** The id that came in has just been replaced by another request. Of several, the first counts. */
  leave(to: string): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'left';
    this.#movedTo = to;
  }

  /** The store failed while it was loaded: it is empty and read-only, and the cookie stays as it is. */
  degrade(): void {
    this.#access = 'degraded';
  }

  makeReadonly(): void {
    if (this.#access === 'writable') this.#access = 'readonly';
  }

  /** It was loaded once more: what the request did not store is forgotten. */
  reloaded(loaded: LoadedVersion, state: SessionState): void {
    if (this.closed) return;
    if (loaded.id !== this.#loaded?.id) this.#followed = true;
    if (this.moving || this.#followed) this.#idIsFresh = false;
    this.#phase = 'stored';
    this.#standOn(loaded);
    this.#id = loaded.id;
    this.#state = state;
    this.pending = null;
  }

  /** Nothing is left of it to load once more. What is written now must not bring it back. */
  reloadedAsGone(): void {
    this.#state = this.#emptyState();
    this.pending = null;
    if (!this.readonly && this.#loaded !== null) this.drop();
  }

  /** It goes on under another id. An end that was asked for (invalidate) stays one. */
  rotate(id: string): void {
    this.#id = id;
    this.#idIsFresh = true;
    if (this.#phase === 'stored') this.#phase = 'rotating';
  }

  /** It begins anew under another id, and what is stored of it ends. */
  invalidate(id: string): void {
    this.rotate(id);
    if (this.#phase === 'rotating') this.#phase = 'ending';
    this.state.flash.leaveOthers();
    this.state.beginAnew(this.runtime.clock.now());
  }

  /** What was stored of it has ended; it begins anew under the id that it got since. */
  ended(): void {
    this.#loaded = null;
    if (!this.closed) this.#phase = 'new';
  }

  /** A write of it was stored. */
  stored(draft: Draft, loaded: LoadedVersion, cookieDue: boolean): void {
    this.pending = null;
    this.state.stored(draft);
    this.#standOn(loaded);
    this.#renewalDue = false;
    if (cookieDue) this.cookieDue = true;
    if (this.closed) return;
    // The application may have asked for yet another id while this one was being stored.
    if (loaded.id === this.#id) this.#phase = 'stored';
    else if (this.#phase !== 'ending') this.#phase = 'rotating';
  }

  /** Its write was not stored and will not be: what it carried is due again. */
  notStored(): void {
    this.pending = null;
    this.state.notStored();
  }

  /** Others wrote first: this request's changes stand on that version from now on. */
  rebase(newest: StoredText, payload: Payload): void {
    if (this.#loaded !== null) this.#goOn(this.#loaded.id, newest, payload);
  }

  /** Another request moved it to a new id: it goes on there. */
  follow(id: string, newest: StoredText, payload: Payload): void {
    if (this.closed) return;
    this.#goOn(id, newest, payload);
    this.#followed = true;
    // The other request's new id serves this one's regenerate as well: two new ids at once would throw one browser
    // cookie away. Only invalidate insists on an id that nobody else knows.
    if (this.#phase === 'ending') return;
    this.#phase = 'stored';
    this.cookieDue = this.#idIsFresh;
    this.#id = id;
  }

  #goOn(id: string, { version, expiresAt, payload: text }: StoredText, payload: Payload): void {
    if (this.closed) return;
    this.state.rebase(payload, text);
    this.#standOn({ id, version, expiresAt });
  }

  #standOn(loaded: LoadedVersion): void {
    this.#loaded = loaded;
    // Others find it by its old id.
    if (this.unsharedRecord?.id === loaded.id) this.unsharedRecord = null;
  }

  /** Its lifetime was extended in the store; null where that turned out to be pointless. */
  renewed(expiresAt: number | null, cookieDue: boolean): void {
    this.#renewalDue = false;
    if (expiresAt !== null && this.#loaded !== null) this.#loaded = { ...this.#loaded, expiresAt };
    if (cookieDue) this.cookieDue = true;
  }

  /** It is gone from the store: what the request changed is dropped. */
  drop(): void {
    if (this.closed) return;
    this.#phase = 'dropped';
    this.#loaded = null;
  }

  /** The request lets go of it. */
  close(): void {
    this.#phase = 'closed';
  }

  #emptyState(): SessionState {
    return SessionState.empty(this.runtime.serializer, this.runtime.clock.now());
  }
}
