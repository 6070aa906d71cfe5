import type { Clock } from '../drivers/clock.js';
import { ENDS_WITH_BROWSER, type Payload } from '../state/payload.js';
import type { SessionState } from '../state/session-state.js';

/** What the application has set about how long sessions live. */
export interface LifetimeSettings {
  /** Idle lifetime, ms. */
  readonly age: number;
  /** How long a session lives at most, from its sign-in on or else from its beginning, ms; Infinity for no limit. */
  readonly absoluteAge: number;
  /** Whether a visit that only reads renews the session. */
  readonly automaticTouch: boolean;
  /** How far a lifetime shrinks before it is renewed, ms. */
  readonly touchEvery: number;
  /** Whether the cookie of a session without a lifetime of its own ends with the browser. */
  readonly clearWithBrowser: boolean;
}

/** No option and no call takes a longer lifetime: a hundred years of 365 days, ms. */
const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

/** How long the sessions of an application live. Times are epoch ms. */
export class Lifetimes {
  readonly #clock: Clock;
  readonly #settings: LifetimeSettings;

  constructor(clock: Clock, settings: LifetimeSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** How long a session lives without a visit, ms. */
  durationOf({ duration }: Pick<SessionState, 'duration'>): number {
    return duration === undefined || duration === ENDS_WITH_BROWSER ? this.#settings.age : duration;
  }

  /** When a session ends that is visited now. */
  fullExpiry(state: Pick<SessionState, 'duration' | 'createdAt' | 'signIn'>): number {
    const { createdAt, signIn } = state;
    return Math.min(
      this.#clock.now() + this.durationOf(state),
      (signIn?.[0] ?? createdAt) + this.#settings.absoluteAge,
    );
  }

  /** The same of what is stored. */
  fullExpiryOf({ t: duration, c: createdAt, s: signIn }: Payload): number {
    return this.fullExpiry({ duration, createdAt, signIn });
  }

  /** When every session has ended that lives now. */
  longestExpiry(): number {
    return this.#clock.now() + Math.min(this.#settings.absoluteAge, LONGEST_MS);
  }

  /** Whether the session that a payload is of has lived as long as any may. */
  isOverAge({ c: createdAt, s: signIn }: Payload): boolean {
    const { absoluteAge } = this.#settings;
    // The clock is asked often enough in a request to be felt.
    return absoluteAge !== Infinity && (signIn?.[0] ?? createdAt) + absoluteAge <= this.#clock.now();
  }

  /** When a session ends that is stored now: the same as before, unless so much of its lifetime is used up that it is renewed. */
  expiryAtWrite(state: SessionState, expiresAt: number): number {
    const full = this.fullExpiry(state);
    // A lifetime shorter than the interval would otherwise never be renewed at all.
    const interval = Math.min(this.#settings.touchEvery, this.durationOf(state) / 4);
    return full - expiresAt >= interval ? full : expiresAt;
  }

  /** Whether a visit that only reads renews the session. */
  isVisitRenewing(state: SessionState, expiresAt: number): boolean {
    return this.#settings.automaticTouch && this.expiryAtWrite(state, expiresAt) !== expiresAt;
  }

  /** Whether the cookie of a session ends with the browser. */
  endsWithBrowser(state: SessionState): boolean {
    const { duration } = state;
    return duration === undefined ? this.#settings.clearWithBrowser : duration === ENDS_WITH_BROWSER;
  }

  /** What the cookie's `Max-Age` is, in seconds; undefined where it ends with the browser. */
  maxAge(state: SessionState, expiresAt: number): number | undefined {
    if (this.endsWithBrowser(state)) return undefined;
    return Math.ceil(Math.max(0, expiresAt - this.#clock.now()) / 1000);
  }
}
