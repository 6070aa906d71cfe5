import type { Clock } from '../drivers/clock.js';
import { SessionStoreError } from '../session.errors.js';
import type { SessionLog } from '../drivers/session-log.js';

/**
 * How many attempts a write, removal or look-up of a session gets while others keep changing it. At each
 * failed attempt, one of the others succeeded.
 */
export const MAX_ATTEMPTS = 200;

/** If an error has not occurred for this long, its next occurrence is logged again. */
const CALM_MS = 60_000;

/**
 * Errors of a store that answers, so the guard before it has nothing to report. Each kind is logged when it
 * begins, not for each failed request, and again only after a minute without it.
 */
export class ConsistencyErrors {
  readonly #log: SessionLog;
  readonly #clock: Clock;
  /** The time of the last occurrence, by message. */
  readonly #latest = new Map<string, number>();

  constructor(log: SessionLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  contention(deed: 'stored' | 'destroyed'): SessionStoreError {
    return this.#said(
      `A session could not be ${deed} in ${MAX_ATTEMPTS} attempts: each time the store answered that another write had come ` +
        'first. Does something write the session in a loop? A driver of your own answers false only to a write whose version ' +
        'is not the next one.',
    );
  }

  unconfirmedWrite(): SessionStoreError {
    return this.#said(
      'The answer of the session store to a write got lost, and others wrote the session since: it is not known whether ' +
        'the write arrived, and it is not repeated.',
    );
  }

  endlessMoves(): SessionStoreError {
    return this.#said(
      `A session could not be found: ${MAX_ATTEMPTS} times in a row it had moved on to another id (regenerate). Does something ` +
        'regenerate it in a loop?',
    );
  }

  lostRecord(): SessionStoreError {
    return this.#said(
      'A session could not be moved to its new id: the store has lost what was just stored there. Does it evict sessions?',
    );
  }

  #said(message: string): SessionStoreError {
    const now = this.#clock.now();
    const before = this.#latest.get(message) ?? -Infinity;
    this.#latest.set(message, now);
    if (now - before >= CALM_MS)
      this.#log.error(`${message} Said once, and again if it comes back after a minute without it.`);
    return new SessionStoreError(message);
  }
}
