import type { Clock } from '../drivers/clock.js';
import type { SessionRecord } from '../drivers/driver.js';
import type { FactsState } from '../state/facts-state.js';
import { ENDS_WITH_BROWSER, type Payload } from '../state/payload.js';
import type { Visit } from './phase.js';

/** The lifetime settings of an application. */
export interface LifetimeSettings {
  /** Idle lifetime, ms. */
  readonly age: number;
  /** The longest a session lives, counted from its sign-in or else its beginning, ms; Infinity for no limit. */
  readonly absoluteAge: number;
  /** Whether a visit that only reads renews the session. */
  readonly automaticTouch: boolean;
  /** How much of a lifetime elapses before it is renewed, ms. */
  readonly touchEvery: number;
  /** Whether the cookie of a session without a lifetime of its own ends with the browser. */
  readonly clearWithBrowser: boolean;
}

/** The longest lifetime that an option or a call accepts: a hundred years of 365 days, ms. */
const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

/** How long the old id of a moved session redirects commits under way to the new one, ms. */
export const REDIRECT_MS = 30_000;

/** Longer than requests take, ms: for this long, one may be under way that is based on what has ended or moved. */
export const UNDER_WAY_MS = 10 * 60_000;

/** How far the clocks of two processes may be apart, ms. */
export const CLOCK_SKEW_MS = 60_000;

/** How long the sessions of an application live. Times are epoch ms. */
export class Lifetimes {
  readonly #clock: Clock;
  readonly #settings: LifetimeSettings;

  constructor(clock: Clock, settings: LifetimeSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** The idle lifetime of a session, ms. */
  durationOf({ duration }: Pick<FactsState, 'duration'>): number {
    return duration === undefined || duration === ENDS_WITH_BROWSER ? this.#settings.age : duration;
  }

  /** When a session that is visited now expires. */
  fullExpiry(
    facts: Pick<FactsState, 'duration' | 'createdAt' | 'signIn'>,
    duration = this.durationOf(facts),
  ): number {
    const renewed = this.#clock.now() + duration;
    return this.#settings.absoluteAge === Infinity ? renewed : Math.min(renewed, this.#latestEnd(facts));
  }

  /** The same for a stored payload. */
  fullExpiryOf({ t: duration, c: createdAt, s: signIn }: Payload): number {
    return this.fullExpiry({ duration, createdAt, signIn });
  }

  /** When a session ends at the latest, however often it is visited: then its user has to sign in again. */
  #latestEnd({ createdAt, signIn }: Pick<FactsState, 'createdAt' | 'signIn'>): number {
    return (signIn?.[0] ?? createdAt) + this.#settings.absoluteAge;
  }

  /** The time by which every session that is live now has ended. */
  longestExpiry(): number {
    return this.#clock.now() + Math.min(this.#settings.absoluteAge, LONGEST_MS);
  }

  /** Whether the payload's session has reached `absoluteAge`. */
  isOverAge({ c: createdAt, s: signIn }: Payload): boolean {
    const { absoluteAge } = this.#settings;
    // Skipping the clock is worth it: this runs often within a request.
    return absoluteAge !== Infinity && this.#latestEnd({ createdAt, signIn }) <= this.#clock.now();
  }

  /**
   * When a session that is stored now expires: unchanged, unless enough of its lifetime has elapsed for a
   * renewal.
   */
  expiryAtWrite(facts: FactsState, expiresAt: number): number {
    const duration = this.durationOf(facts);
    const full = this.fullExpiry(facts, duration);
    return full - expiresAt >= this.#renewalInterval(duration) ? full : expiresAt;
  }

  /**
   * Whether a visit that only reads renews the session.
   *
   * @param visit the latest visit stored; undefined if there is no record
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

  /** When a session was last active. A renewal only moves the expiry, by the session's lifetime. */
  lastActivity(
    session: Pick<FactsState, 'duration'>,
    { lastActivity, expiresAt }: Pick<SessionRecord, 'lastActivity' | 'expiresAt'>,
  ): number {
    const renewedAt = expiresAt - this.durationOf(session);
    // The session was last renewed with another lifetime, before an option was changed.
    if (renewedAt > this.#clock.now() + CLOCK_SKEW_MS) return lastActivity;
    return Math.max(lastActivity, renewedAt);
  }

  /**
   * How much of a lifetime elapses before it is renewed, ms. A lifetime shorter than `touchEvery` would
   * otherwise never be renewed.
   */
  #renewalInterval(duration: number): number {
    return Math.min(this.#settings.touchEvery, duration / 4);
  }

  /** Whether the cookie of a session ends with the browser. */
  endsWithBrowser(facts: FactsState): boolean {
    const { duration } = facts;
    return duration === undefined ? this.#settings.clearWithBrowser : duration === ENDS_WITH_BROWSER;
  }

  /** The cookie's `Max-Age` in seconds; undefined if the cookie ends with the browser. */
  maxAge(facts: FactsState, expiresAt: number): number | undefined {
    if (this.endsWithBrowser(facts)) return undefined;
    return Math.ceil(Math.max(0, expiresAt - this.#clock.now()) / 1000);
  }
}
