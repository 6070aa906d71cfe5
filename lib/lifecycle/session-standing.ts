import { handleOf } from '../crypto/handle.js';
import { randomId } from '../crypto/random-id.js';
import type { FlashState } from '../state/flash-state.js';
import { SessionState } from '../state/session-state.js';
import type { Caller } from './caller.js';
import type { PendingWrite } from './records/pending-write.js';
import type { LoadedVersion, Phase, Visit } from './phase.js';
import type { SessionRuntime } from './session-runtime.js';
import type { EventSubject } from './publish-events.js';
import type { Watch } from './watching/watch.js';

/**
 * The fields of a session of a request, and the questions that they answer. `ActiveSession` moves it from phase to phase; its backend
 * keeps its own notes here (the write under way, the token), as it keeps nothing of a request itself.
 */
export abstract class SessionStanding {
  // ---- which session it is, and where it is stored -------------------------------------------------------------

  loaded: LoadedVersion | null = null;
  /** What the latest visit left in the record; null where none is stored. */
  latestVisit: Visit | null = null;
  /** What the cookie holds, where that is the session itself. */
  token = '';
  /** Whether the id is new to the browser: made in this request, or shared with the request that has made it. */
  fresh = true;
  /** Whether the application asked for the id. */
  idRead = false;
  /** Null until something needs it. */
  protected givenId: string | null;
  /** The id that it has now, where it is `stale`. */
  protected movedTo: string | null = null;

  // ---- what has become of it in this request -------------------------------------------------------------------

  /** Whether another request moved it to a new id: that one's response tells the browser. */
  followed = false;
  /** Whether it has parted from what it had loaded, and is a session of its own since. */
  hasParted = false;
  /** Whether what was stored of it has ended, by invalidate. */
  hasEnded = false;
  protected access: 'writable' | 'readonly' | 'degraded' = 'writable';

  // ---- what is to be stored, and what the browser is to be told ------------------------------------------------

  /** Null until something needs it: most requests load one, and an empty one would be made for nothing. */
  protected loadedState: SessionState | null = null;
  /** Whether it is to be stored as it is, though nothing was written to it. */
  protected begins = false;
  protected renewalDue = false;
  /** Whether it renews its lifetime and last visit. */
  isVisit: boolean;
  /** Whether the cookie has to be sent because of id, data or a renewal. */
  cookieDue = false;
  /** What can be spared where the session would be too large, one after the other until it fits. Each says whether it made it smaller. */
  spares: ((flash: FlashState) => boolean)[] = [];

  // ---- the write under way -------------------------------------------------------------------------------------

  /** What is being written, or was written without an answer. Only where records are kept, like the next one. */
  pending: PendingWrite | null = null;
  /** The record under a new id that nobody else knows yet. */
  unsharedRecord: { readonly id: string; readonly version: number } | null = null;
  /** How often the write was sent. */
  attempts = 0;
  /** Whether the changes in it were replayed on what another request had stored. */
  hasMerged = false;

  // ---- for those who want to hear of it ------------------------------------------------------------------------

  /** When its load or write began, by the monotonic clock, where anybody wants to hear of it. */
  since = 0;
  /** Whom its end is about, where it is ended though nothing of it is loaded. */
  unloadedSubject: EventSubject | null = null;
  /** Null where the request does not want to know when it ends. */
  watch: Watch | null = null;

  /**
   * @param id that it begins with; null: a new one, made when something needs it
   * @param phase `new`, or `stale` where the request came late
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

  /** Its public name. The id's own, until it moves to another. */
  get handle(): string {
    return this.state.facts.handle ?? handleOf(this.id);
  }

  /** The user whose session it is by the record that is stored of it; null for nobody's. */
  get storedUser(): string | null {
    return this.latestVisit?.userId ?? null;
  }

  get closed(): boolean {
    return this.phase === 'closed';
  }

  /** Whether it is stored under another id than the one it has. */
  get moving(): boolean {
    return this.phase === 'rotating' || this.phase === 'ending';
  }

  /** Whether nothing more is written of it. */
  get isFinal(): boolean {
    return this.phase === 'stale' || this.phase === 'dropped' || this.phase === 'closed';
  }

  /** Whether another request of this process is known to have ended it, or moved it, without a store being asked. */
  get isOvertaken(): boolean {
    return this.loaded !== null && this.runtime.endings.fateOf(this.loaded.id).kind !== 'lives';
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return (this.loadedState ??= SessionState.empty(this.runtime.serializer, this.runtime.clock.now()));
  }

  /** How long it lives without a visit, ms. */
  get duration(): number {
    return this.runtime.lifetimes.durationOf(this.state.facts);
  }

  /** Epoch ms. A lifetime that was changed begins with the write that stores it. */
  get expiresAt(): number {
    if (this.loaded !== null && !this.state.facts.durationChanged) return this.loaded.expiresAt;
    return this.runtime.lifetimes.fullExpiry(this.state.facts);
  }

  /**
   * Until when a cookie may be good that holds what is loaded; epoch ms. A request of the same moment may be renewing it:
   * so for a whole lifetime from now on.
   */
  get cookieUntil(): number {
    const { clock, lifetimes } = this.runtime;
    const whole = clock.now() + lifetimes.durationOf({ duration: this.state.facts.storedDuration });
    return Math.max(this.loaded?.expiresAt ?? 0, whole);
  }

  /** Whether the cookie has no lifetime of its own. */
  get endsWithBrowser(): boolean {
    return this.runtime.lifetimes.endsWithBrowser(this.state.facts);
  }

  get readonly(): boolean {
    return this.access !== 'writable';
  }

  /** Whether it is its store that made the session read-only. */
  get degraded(): boolean {
    return this.access === 'degraded';
  }

  /** Whether the application changed something in this request that is not stored yet. */
  get modified(): boolean {
    return this.moving || (this.loadedState !== null && this.loadedState.modified);
  }

  /** Whether a write has anything to do. Asked several times a request. */
  get due(): boolean {
    return (
      this.access === 'writable' &&
      !this.isFinal &&
      (this.renewalDue || this.pending !== null || this.isChanged)
    );
  }

  /** Whether all that a write has to do is to renew the lifetime. */
  get onlyRenewalDue(): boolean {
    return this.renewalDue && this.pending === null && !this.isChanged;
  }

  /** Whether what it is made of is another thing than what was loaded or stored last. */
  get isChanged(): boolean {
    return this.moving || this.begins || (this.loadedState !== null && this.loadedState.hasChanges);
  }

  /** Whether reading a flash message would make a commit due: one that stays until it is read. */
  get mayBecomeDue(): boolean {
    return this.loadedState !== null && this.loadedState.flash.holdsUnread;
  }

  /** What to remove where it is destroyed; null for nothing. Version null: not known. */
  get removable(): { readonly id: string; readonly version: number | null } | null {
    if (this.loaded !== null) return this.loaded;
    const id = this.pending === null ? this.movedTo : this.pending.id;
    return id === null ? null : { id, version: null };
  }
}
