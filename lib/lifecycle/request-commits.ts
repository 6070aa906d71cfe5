import { SessionTooLargeError } from '../session.errors.js';
import type { ActiveSession } from './active-session.js';
import { neverSettles } from './wording.js';
import type { RequestQueue } from './request-queue.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import { isStoringHeard } from './publish-events.js';

/** How often one commit removes or stores while more keeps becoming due. */
const COMMIT_STEPS = 8;

/** Runs the commits of one request one after the other, each until nothing is due any more. */
export class RequestCommits {
  readonly #life: SessionLifecycle;
  readonly #backend: SessionBackend;
  readonly #queue: RequestQueue;
  /** The commit under way. */
  #committing: Promise<void> | null = null;

  constructor(life: SessionLifecycle, backend: SessionBackend, queue: RequestQueue) {
    this.#life = life;
    this.#backend = backend;
    this.#queue = queue;
  }

  /**
   * Stores what is due; returns no promise if there is nothing to wait for. A commit that waits for another
   * fails if that one fails.
   */
  run(): Promise<void> | void {
    if (this.#committing !== null) return this.#committing.then(() => this.#life.commit());
    if (!this.#life.due) return;
    try {
      const first = this.#step();
      if (first === undefined && !this.#life.due) return;
      return (this.#committing = this.#runFrom(first));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #runFrom(first: Promise<void> | void): Promise<void> {
    try {
      await first;
      for (let step = 1; this.#life.due; step += 1) {
        if (step === COMMIT_STEPS) {
          // What other calls of this request made due meanwhile is left to the next commit. An object that
          // serializes differently each time would be stored forever, and the response never sent.
          const key = this.#life.state.mutatedKey;
          if (key !== undefined) throw neverSettles(key, COMMIT_STEPS);
          return;
        }
        await this.#step();
      }
    } finally {
      this.#committing = null;
    }
  }

  /** Removes destroyed sessions first. */
  #step(): Promise<void> | void {
    const { removals: destroyed } = this.#life;
    if (destroyed?.remaining === true) return destroyed.run();
    const waits = this.#queue.busy;
    // After the wait, nothing may be due any more.
    return this.#queue.run(() => {
      const { session } = this.#life;
      if (waits && !session.due) return;
      if (isStoringHeard()) session.since = performance.now();
      if (session.phase === 'ending') return this.#endThenWrite(session);
      return session.shortenings.length === 0 ? this.#backend.write(session) : this.#writeShortened(session);
    });
  }

  /**
   * Ends what `invalidate` left, wherever it has moved to, and then stores what follows it. The visitor is
   * signed out even if the second part fails (the store is full, a value cannot be stored).
   */
  async #endThenWrite(session: ActiveSession): Promise<void> {
    const existed = await this.#backend.remove(session);
    if (!existed && !session.endedByRequest) return session.drop();
    session.startOver();
    if (!session.closed) await this.#writeShortened(session);
  }

  /** Stores the session; if it is too large, shortens it step by step until it fits. */
  async #writeShortened(session: ActiveSession): Promise<void> {
    for (;;) {
      try {
        return await this.#backend.write(session);
      } catch (error) {
        const shorten = error instanceof SessionTooLargeError ? session.shortenings.shift() : undefined;
        if (shorten === undefined) throw error;
        shorten(session.state.flash);
      }
    }
  }
}
