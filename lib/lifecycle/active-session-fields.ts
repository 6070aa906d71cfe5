import { handleOf } from '../crypto/handle.js';
import { randomId } from '../crypto/random-id.js';
import { holdsUnread } from '../state/flash-aging.js';
import type { FlashState } from '../state/flash-state.js';
import { SessionState } from '../state/session-state.js';
import type { Caller } from './caller.js';
import type { PendingWrite } from './records/pending-write.js';
import type { BaseVersion, Phase, Visit } from './phase.js';
import { CLOCK_SKEW_MS } from './lifetimes.js';
import type { SessionRuntime } from './session-runtime.js';
import type { EventSubject } from './publish-events.js';
import type { Watch } from './watching/watch.js';

/**
 * The fields of a request's session, and getters derived from them. `ActiveSession` moves it from phase to
 * phase. The backend keeps its per-request data here too (the write under way, the token), since it has no
 * state per request itself.
 */
export abstract class ActiveSessionFields {
  // ---- which session it is, and where it is stored -------------------------------------------------------------

  /** The stored version that this request's changes are based on; null if nothing is stored. */
  base: BaseVersion | null = null;
  /** What the latest visit left in the record; null if no record is loaded. */
  latestVisit: Visit | null = null;
  /** The sealed session, if the cookie holds the session itself. */
  token = '';
  /** The token that it was loaded by; null if it was loaded without one, or not at all. */
  sentToken: string | null = null;
  /** Whether that token was opened and read as a sealed session, live or not. */
  hasOpenedToken = false;
  /** Whether the id is new to the browser: made in this request, or shared with the request that made it. */
  fresh = true;
  /** Whether the application read the id. */
  idRead = false;
  /** Null until something needs it. */
  protected givenId: string | null;
  /** If the session is `stale`: the id that it moved to. */
  protected movedTo: string | null = null;

  // ---- what happened to it in this request ---------------------------------------------------------------------

  /** Whether another request moved it to a new id: the response of that request sends the cookie. */
  followed = false;
  /** Whether it has separated from what it had loaded and become a session of its own. */
  hasSeparated = false;
  /** Whether `invalidate` ended it, if it was stored. */
  hasEnded = false;
  /** Whether this request ended it through the SessionManager: then no other response answers for its cookie. */
  endedByRequest = false;
  /** How often the application changed it. */
  changes = 0;
  /** How often it had when the reload under way was called. */
  changesBeforeReload = 0;
  /** Whether writes are refused and nothing is committed: as the application wants it, or as the store failed. */
  readonly: false | 'chosen' | 'degraded' = false;

  // ---- what to store, and what to tell the browser -------------------------------------------------------------

  /** Null until needed: most requests load a state, and an empty one would be created in vain. */
  protected loadedState: SessionState | null = null;
  /** Whether it is to be stored although nothing was written to it. */
  protected begins = false;
  protected renewalDue = false;
  /** Whether the request renews the lifetime and the last visit. */
  isVisit: boolean;
  /** Whether the cookie has to be sent because the id or data changed, or the session was renewed. */
  cookieDue = false;
  /** Steps to take, in this order, while the session is too large. */
  shortenings: ((flash: FlashState) => void)[] = [];

  // ---- the write under way -------------------------------------------------------------------------------------

  /** The write under way, or one whose answer got lost. Like the next field, used for records only. */
  pending: PendingWrite | null = null;
  /** The record under a new id that nobody else knows yet. */
  unsharedRecord: { readonly id: string; readonly version: number } | null = null;
  /** How often the write was sent. */
  attempts = 0;
  /** Whether its changes were replayed on what another request had stored. */
  hasMerged = false;

  // ---- events and watching -------------------------------------------------------------------------------------

  /** When the load or write began, by the monotonic clock; null if nobody listened to its event then. */
  since: number | null = null;
  /** The subject of the end event, as found when the session is ended; null: as the session was loaded. */
  endedSubject: EventSubject | null = null;
  /** Null if the request does not watch for the session's end. */
  watch: Watch | null = null;

  /**
   * @param id the id that it begins with; null: a new one, made when needed
   * @param phase `new`, or `stale` if the request came with an id just replaced
   */
  constructor(
    readonly runtime: SessionRuntime,
    readonly caller: Caller,
    id: string | null,
    public phase: Phase,
  ) {
    this.givenId = id;
    this.isVisit = caller.isVisit;
  }

  get id(): string {
    return (this.givenId ??= randomId());
  }

  /** The public handle. Derived from the first id, and kept when the id changes. */
  get handle(): string {
    return handleOf(this.id, this.state.facts.handle);
  }

  /** The handle of what is stored, before this request's changes; null if nothing is stored. */
  get storedHandle(): string | null {
    return this.base === null ? null : handleOf(this.base.id, this.state.facts.storedHandle);
  }

  /** The user that the stored record names; null for none. */
  get storedUser(): string | null {
    return this.latestVisit?.userId ?? null;
  }

  /** Whether it is still stored under an id other than its current one. */
  get hasNewId(): boolean {
    return this.phase === 'rotating' || this.phase === 'ending';
  }

  /** Whether this is its id, but nothing is stored under it, as far as this request knows. */
  isUnstoredUnder(id: string): boolean {
    return this.givenId === id && !this.readonly && (this.phase === 'new' || this.hasNewId);
  }

  /** Whether it is never written again. */
  get isFinal(): boolean {
    return this.phase === 'stale' || this.phase === 'dropped';
  }

  /** Whether the request ended it through the SessionManager, and has not left it by `invalidate`. */
  get isEndedInUse(): boolean {
    return this.endedByRequest && this.phase !== 'ending';
  }

  /** Whether another request of this process ended or moved it, as far as is known without asking a store. */
  get isOvertaken(): boolean {
    return this.base !== null && this.runtime.fates.fateOf(this.base.id).kind !== 'lives';
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return (this.loadedState ??= SessionState.empty(this.runtime.serializer, this.runtime.clock.now()));
  }

  /** Idle lifetime, ms. */
  get duration(): number {
    return this.runtime.lifetimes.durationOf(this.state.facts);
  }

  /** Epoch ms. A changed lifetime starts with the write that stores it. */
  get expiresAt(): number {
    if (this.base !== null && !this.state.facts.durationChanged) return this.base.expiresAt;
    return this.runtime.lifetimes.fullExpiry(this.state.facts);
  }

  /**
   * Until when a cookie that holds the loaded session may be valid; epoch ms. A parallel request may be
   * renewing it right now, by a clock that is ahead, hence a whole lifetime and more from now on.
   */
  get cookieUntil(): number {
    const { clock, lifetimes } = this.runtime;
    const whole = clock.now() + lifetimes.durationOf({ duration: this.state.facts.storedDuration });
    return Math.max(this.base?.expiresAt ?? 0, whole) + CLOCK_SKEW_MS;
  }

  /** Whether the cookie has no lifetime of its own. */
  get endsWithBrowser(): boolean {
    return this.runtime.lifetimes.endsWithBrowser(this.state.facts);
  }

  /** Whether an old secret made the token that it was loaded by. Verifies the token once more. */
  get hasOldToken(): boolean {
    const { sentToken, runtime } = this;
    return sentToken !== null && (runtime.keyring.secretOf(sentToken) ?? 0) > 0;
  }

  /** The id of a record that nobody else knows yet; null if there can be none. */
  get unsharedId(): string | null {
    const { unsharedRecord, pending } = this;
    if (unsharedRecord !== null) return unsharedRecord.id;
    // The answer to a move got lost: its first part may have arrived.
    return pending === null || pending.from === null ? null : pending.id;
  }

  /** Whether the application changed it after it had called for the reload under way. */
  protected get changedSinceReload(): boolean {
    return this.changes > this.changesBeforeReload;
  }

  /** Whether the application changed something in this request that is not stored yet. */
  get modified(): boolean {
    return this.hasNewId || (this.loadedState !== null && this.loadedState.modified);
  }

  /** Whether changes were dropped because the session was gone when they were to be stored. */
  get droppedChanges(): boolean {
    return this.phase === 'dropped' && this.modified;
  }

  /** Whether a write has anything to do. Read several times per request. */
  get due(): boolean {
    if (this.readonly) return false;
    switch (this.phase) {
      case 'new':
      case 'stored':
        if (this.renewalDue || this.begins || this.pending !== null) return true;
        return this.loadedState !== null && this.loadedState.hasChanges;
      case 'rotating':
      case 'ending':
        return true;
      case 'stale':
      case 'dropped':
        return false;
    }
  }

  /** Whether a write would only renew the lifetime. */
  get onlyRenewalDue(): boolean {
    if (!this.renewalDue || this.begins || this.pending !== null || this.hasNewId) return false;
    return !this.state.hasChanges;
  }

  /** Whether reading a flash message would make a commit due: one that stays until it is read. */
  get mayBecomeDue(): boolean {
    return this.loadedState !== null && holdsUnread(this.loadedState.flash.batches);
  }

  /** What to remove when it is destroyed; null for nothing. Version null: unknown. */
  get removable(): { readonly id: string; readonly version: number | null } | null {
    if (this.base !== null) return this.base;
    const id = this.pending === null ? this.movedTo : this.pending.id;
    return id === null ? null : { id, version: null };
  }
}
