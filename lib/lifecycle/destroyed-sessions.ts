import type { ActiveSession } from './active-session.js';
import type { RequestQueue } from './request-queue.js';
import type { SessionBackend } from './session-backend.js';
import { publishEnded, subjectOf } from './publish-events.js';

const NOTHING_TO_DO = Promise.resolve();

/** The sessions that one request has destroyed: they are removed one after the other, and again where the store failed. */
export class DestroyedSessions {
  readonly #backend: SessionBackend;
  readonly #queue: RequestQueue;
  readonly #remaining: ActiveSession[] = [];
  /** The last removal, where nobody has heard yet how it ended. */
  #removing: Promise<void> | null = null;
  /** Whether the last one was there to be removed; null where none was destroyed since the request switched to another. */
  #existed: boolean | null = null;

  constructor(backend: SessionBackend, queue: RequestQueue) {
    this.#backend = backend;
    this.#queue = queue;
  }

  /** Whether some are not removed yet. */
  get remaining(): boolean {
    return this.#remaining.length > 0;
  }

  /** Whether the session that the request works with was begun in place of one that it destroyed. */
  get hasReplaced(): boolean {
    return this.#existed !== null;
  }

  /** Whether the cookie has to expire. Where the session had gone already, another request's response says so. */
  get expiresCookie(): boolean {
    return this.#existed === true;
  }

  /** The request has switched to another session: of the cookie of the one before, nothing is to be said. */
  forgetCookie(): void {
    this.#existed = null;
  }

  /**
   * Closes a session and removes what is kept of it, when what is under way for it is through.
   *
   * @param mayBeKept whether there may be anything to remove
   */
  add(session: ActiveSession, mayBeKept: boolean): Promise<void> {
    if (this.#existed === null || session.removable !== null) this.#existed = session.phase !== 'dropped';
    session.close();
    if (mayBeKept) this.#remaining.push(session);
    return this.remaining ? this.#removeAll() : NOTHING_TO_DO;
  }

  #removeAll(): Promise<void> {
    const removing = this.#queue.run(() => this.#removeEach());
    this.#removing = removing;
    // Whoever waits for it hears of a failure: at the latest the commit.
    removing.catch(() => undefined);
    return removing;
  }

  async #removeEach(): Promise<void> {
    for (let next = this.#remaining[0]; next !== undefined; next = this.#remaining[0]) {
      if (next.removable !== null) {
        const existed = await this.#backend.remove(next);
        if (existed) publishEnded(next.runtime, subjectOf(next) ?? next.unloadedSubject, 'destroyed');
        if (this.#existed !== null) this.#existed = existed;
      }
      this.#remaining.shift();
    }
  }

  /** Waits for the last removal, or begins one. Reports a failure once: the next call tries again. */
  async removed(): Promise<void> {
    const removing = this.#removing ?? this.#removeAll();
    try {
      await removing;
    } finally {
      if (this.#removing === removing) this.#removing = null;
    }
  }
}
