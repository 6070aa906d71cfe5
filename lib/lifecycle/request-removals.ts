import type { ActiveSession } from './active-session.js';
import type { RequestCommits } from './request-commits.js';
import type { SessionBackend } from './session-backend.js';
import { publishEnded, subjectOf } from './publish-events.js';

const NOTHING_TO_DO = Promise.resolve();

/**
 * The sessions that one request destroyed. They are removed one after the other, and retried after a store
 * failure.
 */
export class RequestRemovals {
  readonly #backend: SessionBackend;
  readonly #commits: RequestCommits;
  readonly #remaining: ActiveSession[] = [];
  /** The last removal, while nobody has awaited its outcome. */
  #removing: Promise<void> | null = null;
  /** Whether the last destroyed session existed; null if none was destroyed since the request switched sessions. */
  #existed: boolean | null = null;
  /** Whether any of them existed and is removed. */
  hasEnded = false;

  constructor(backend: SessionBackend, commits: RequestCommits) {
    this.#backend = backend;
    this.#commits = commits;
  }

  /** Whether some are still to be removed. */
  get remaining(): boolean {
    return this.#remaining.length > 0;
  }

  /** Whether the current session replaces one that the request destroyed. */
  get hasReplaced(): boolean {
    return this.#existed !== null;
  }

  /**
   * Whether the cookie has to expire. If the session was already gone, the response of the request that ended
   * it does that.
   */
  get expiresCookie(): boolean {
    return this.#existed === true;
  }

  /** The request switched to another session: its response says nothing about the previous session's cookie. */
  forgetCookie(): void {
    this.#existed = null;
  }

  /**
   * Removes a session from the store after the operations under way, which finish as if it was to stay.
   *
   * @param mayBeKept whether there may be anything to remove
   */
  add(session: ActiveSession, mayBeKept: boolean): Promise<void> {
    if (this.#existed === null || session.removable !== null)
      this.#existed = session.phase !== 'dropped' || session.endedByRequest;
    if (mayBeKept) this.#remaining.push(session);
    return this.remaining ? this.#removeAll() : NOTHING_TO_DO;
  }

  #removeAll(): Promise<void> {
    const removing = this.#commits.run(() => this.#removeEach());
    this.#removing = removing;
    // A failure is reported to whoever awaits the removal: at the latest, the commit.
    removing.catch(() => undefined);
    return removing;
  }

  async #removeEach(): Promise<void> {
    for (let next = this.#remaining[0]; next !== undefined; next = this.#remaining[0]) {
      const { removable } = next;
      const existed = removable !== null && (await this.#backend.remove(next));
      if (existed) {
        this.hasEnded = true;
        publishEnded(next.runtime, subjectOf(next), 'destroyed');
      }
      // A session that was never stored says nothing about the cookie.
      if (this.#existed !== null && (removable !== null || next.phase === 'dropped'))
        this.#existed = existed || next.endedByRequest;
      this.#remaining.shift();
    }
  }

  /** Waits for the last removal, or starts one. Reports a failure once; the next call retries. */
  async run(): Promise<void> {
    const removing = this.#removing ?? this.#removeAll();
    try {
      await removing;
    } finally {
      if (this.#removing === removing) this.#removing = null;
    }
  }
}
