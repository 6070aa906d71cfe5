import type { Clock } from '../drivers/clock.js';
import type { SessionRecord } from '../drivers/driver.js';
import type { FactsState } from '../state/facts-state.js';
import { ENDS_WITH_BROWSER, type Payload } from '../state/payload.js';
import type { Visit } from './phase.js';

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

/** How far the clocks of two processes may be apart, ms. */
const CLOCK_SKEW_MS = 60_000;

/** How long the sessions of an application live. Times are epoch ms. */
export class Lifetimes {
  readonly #clock: Clock;
  readonly #settings: LifetimeSettings;

  constructor(clock: Clock, settings: LifetimeSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** How long a session lives without a visit, ms. */
  durationOf({ duration }: Pick<FactsState, 'duration'>): number {
    return duration === undefined || duration === ENDS_WITH_BROWSER ? this.#settings.age : duration;
  }

  /** When a session ends that is visited now. */
  fullExpiry(facts: Pick<FactsState, 'duration' | 'createdAt' | 'signIn'>): number {
    return Math.min(this.#clock.now() + this.durationOf(facts), this.#latestEnd(facts));
  }

  /** The same of what is stored. */
  fullExpiryOf({ t: duration, c: createdAt, s: signIn }: Payload): number {
    return this.fullExpiry({ duration, createdAt, signIn });
  }

  /** When a session ends at the latest, however often it is visited: its user has to sign in again. */
  #latestEnd({ createdAt, signIn }: Pick<FactsState, 'createdAt' | 'signIn'>): number {
    return (signIn?.[0] ?? createdAt) + this.#settings.absoluteAge;
  }

  /** When every session has ended that lives now. */
  longestExpiry(): number {
    return this.#clock.now() + Math.min(this.#settings.absoluteAge, LONGEST_MS);
  }

  /** Whether the session that a payload is of has lived as long as any may. */
  isOverAge({ c: createdAt, s: signIn }: Payload): boolean {
    const { absoluteAge } = this.#settings;
    // The clock is asked often enough in a request to be felt.
    return absoluteAge !== Infinity && this.#latestEnd({ createdAt, signIn }) <= this.#clock.now();
  }

  /** When a session ends that is stored now: the same as before, unless so much of its lifetime is used up that it is renewed. */
  expiryAtWrite(facts: FactsState, expiresAt: number): number {
    // Asked in each request: `fullExpiry`, with the lifetime looked up once.
    const duration = this.durationOf(facts);
    const full = Math.min(this.#clock.now() + duration, this.#latestEnd(facts));
    return full - expiresAt >= this.#renewalInterval(duration) ? full : expiresAt;
  }

  /**
   * Whether a visit that only reads renews the session.
   *
   * @param visit the latest that the store knows of; undefined where none does
   */
  isVisitRenewing(facts: FactsState, expiresAt: number, visit?: Pick<Visit, 'lastActivity'>): boolean {
    if (!this.#settings.automaticTouch) return false;
    if (this.expiryAtWrite(facts, expiresAt) !== expiresAt) return true;
    if (visit === undefined || !this.isAtItsLongest(facts)) return false;
    const { lastActivity } = visit;
    return (
      this.#clock.now() - this.lastActivity(facts, { lastActivity, expiresAt }) >=
      this.#renewalInterval(this.durationOf(facts))
    );
  }

  /** Whether `absoluteAge` caps the expiry, so that a visit does not move it any more. */
  isAtItsLongest(facts: FactsState): boolean {
    const { absoluteAge } = this.#settings;
    return absoluteAge !== Infinity && this.#clock.now() + this.durationOf(facts) >= this.#latestEnd(facts);
  }

  /** When a session was active last: a renewal moves nothing but the expiry, by the lifetime that the session has. */
  lastActivity(
    session: Pick<FactsState, 'duration'>,
    { lastActivity, expiresAt }: Pick<SessionRecord, 'lastActivity' | 'expiresAt'>,
  ): number {
    const renewedAt = expiresAt - this.durationOf(session);
    // It is another lifetime that it was renewed by, from before an option was changed.
    if (renewedAt > this.#clock.now() + CLOCK_SKEW_MS) return lastActivity;
    return Math.max(lastActivity, renewedAt);
  }

  /** How far its lifetime shrinks before it is renewed, ms. One shorter than `touchEvery` would otherwise never be renewed at all. */
  #renewalInterval(duration: number): number {
    return Math.min(this.#settings.touchEvery, duration / 4);
  }

  /** Whether the cookie of a session ends with the browser. */
  endsWithBrowser(facts: FactsState): boolean {
    const { duration } = facts;
    return duration === undefined ? this.#settings.clearWithBrowser : duration === ENDS_WITH_BROWSER;
  }

  /** What the cookie's `Max-Age` is, in seconds; undefined where it ends with the browser. */
  maxAge(facts: FactsState, expiresAt: number): number | undefined {
    if (this.endsWithBrowser(facts)) return undefined;
    return Math.ceil(Math.max(0, expiresAt - this.#clock.now()) / 1000);
  }
}
