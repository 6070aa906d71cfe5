import type { ConsumesFlash } from '../state/flash-state.js';
import type { SessionState } from '../state/session-state.js';
import { ActiveSession } from './active-session.js';
import type { SessionBackend } from './session-backend.js';
import type { Client, SessionRuntime } from './session-runtime.js';

/** The session that a request works with at the moment, as it stands. */
export abstract class SessionView {
  protected readonly runtime: SessionRuntime;
  protected readonly backend: SessionBackend;
  protected session: ActiveSession;
  readonly #ages: ConsumesFlash;
  readonly #clientOf: (() => Client) | null;

  /**
   * @param ages whether the request uses flash messages up
   * @param clientOf who is at the other end, asked only when a record is written
   */
  constructor(
    runtime: SessionRuntime,
    backend: SessionBackend,
    ages: ConsumesFlash,
    clientOf: (() => Client) | null,
  ) {
    this.runtime = runtime;
    this.backend = backend;
    this.#ages = ages;
    this.#clientOf = clientOf;
    this.session = this.begin(null, 'new');
  }

  /** @param id null: a new one */
  protected begin(id: string | null, phase: 'new' | 'left'): ActiveSession {
    return new ActiveSession(this.runtime, this.#ages, this.#clientOf, id, phase);
  }

  get id(): string {
    return this.session.id;
  }

  /** The current id as it travels in the cookie. */
  get token(): string {
    return this.backend.token(this.session);
  }

  /** Whether the id was made in this request. */
  get fresh(): boolean {
    return this.session.fresh;
  }

  get stored(): boolean {
    return this.session.loaded !== null;
  }

  /** The values, flash messages and changes of this request. */
  get state(): SessionState {
    return this.session.state;
  }

  get readonly(): boolean {
    return this.session.readonly;
  }

  /** Whether it is its store that made the session read-only. */
  get degraded(): boolean {
    return this.session.degraded;
  }

  /** ms. */
  get duration(): number {
    return this.runtime.lifetimes.durationOf(this.state);
  }

  /** Epoch ms. */
  get expiresAt(): number {
    const { loaded, state } = this.session;
    // A lifetime that was changed begins with the write that stores it.
    if (loaded !== null && !state.durationChanged) return loaded.expiresAt;
    return this.runtime.lifetimes.fullExpiry(state);
  }

  /** Whether the cookie has no lifetime of its own. */
  get endsWithBrowser(): boolean {
    return this.runtime.lifetimes.endsWithBrowser(this.state);
  }

  /** Whether the application changed something in this request that is not stored yet. */
  get modified(): boolean {
    return this.session.modified;
  }

  /** Whether something becomes due by being read alone. */
  get mayBecomeDue(): boolean {
    return this.session.mayBecomeDue;
  }

  /** Whether what is due comes to nothing without a new cookie: a session or an id that the browser does not know. */
  get needsCookie(): boolean {
    const { loaded, due, moving } = this.session;
    return this.livesInCookie || (loaded === null ? due : moving);
  }

  /** Whether the session itself is what the cookie holds. */
  get livesInCookie(): boolean {
    return this.backend.livesInCookie;
  }

  /** The path of the value that names the user. */
  get userKey(): string {
    return this.runtime.userKey;
  }
}
