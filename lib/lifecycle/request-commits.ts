import { SessionTooLargeError } from '../session.errors.js';
import type { ActiveSession } from './active-session.js';
import { beginning } from './publish-events.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import { neverSettles } from './wording.js';

/** How often one commit removes or stores while more keeps becoming due. */
const COMMIT_STEPS = 8;

/** Runs the asynchronous work of a request on its sessions one at a time: store calls, and the commits made of them. */
export class RequestCommits {
  readonly #life: SessionLifecycle;
  readonly #backend: SessionBackend;
  /** Null if nothing is under way. */
  #last: Promise<void> | null = null;
  /** The session whose write began last. */
  #written: ActiveSession | null = null;
  /** The commit under way. */
  #committing: Promise<void> | null = null;
  /** Whether it has got to the current session: all that it was called for is stored with that. */
  #isThrough = false;
  /** How many tasks wait for it: then it does not store what became due since. */
  #waiting = 0;
  /** Sessions that the request left by `setId` while a commit was to store them. */
  readonly #left: ActiveSession[] = [];

  constructor(life: SessionLifecycle, backend: SessionBackend) {
    this.#life = life;
    this.#backend = backend;
  }

  /** Whether this session is being stored right now. */
  isStoring(session: ActiveSession): boolean {
    return this.#last !== null && this.#written === session;
  }

  /**
   * Runs a task after those before it, or at once if there are none. The task also runs if an earlier one
   * failed: that failure is reported to that task's caller.
   */
  run(task: () => Promise<void>): Promise<void>;
  run(task: () => Promise<void> | void): Promise<void> | void;
  run(task: () => Promise<void> | void): Promise<void> | void {
    const running = this.#last === null ? task() : this.#last.then(task, task);
    if (running === undefined) return;
    const last = running.finally(() => {
      if (this.#last === last) this.#last = null;
    });
    return (this.#last = last);
  }

  /** The request leaves a session by `setId`. A commit under way still stores what is due in it. */
  leave(session: ActiveSession): void {
    if (this.#committing !== null && session.due) this.#left.push(session);
  }

  get #due(): boolean {
    const { due, abandoned, wasTooLate } = this.#life;
    // What the request left needs no cookie that comes too late for the session it went to.
    return due || (this.#left.length > 0 && (!abandoned || wasTooLate));
  }

  /**
   * Stores what is due, until nothing is due any more; returns no promise if there is nothing to wait for. A
   * commit that waits for another fails if that one fails.
   */
  commit(): Promise<void> | void {
    if (this.#committing !== null) return this.#committing.then(() => this.#life.commit());
    if (!this.#due) return;
    this.#isThrough = false;
    try {
      const first = this.#step();
      if (first === undefined && !this.#due) return;
      return (this.#committing = this.#commitFrom(first));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Runs a task as `run` does, but after all that `commit` was called for, and before what it is called for later. */
  runAfterCommits(task: () => Promise<void> | void): Promise<void> | void {
    if (this.#committing === null) return this.run(task);
    this.#waiting += 1;
    const next = (): Promise<void> | void => {
      this.#waiting -= 1;
      return this.runAfterCommits(task);
    };
    return this.#committing.then(next, next);
  }

  async #commitFrom(first: Promise<void> | void): Promise<void> {
    try {
      await first;
      for (let step = 1; this.#due && !(this.#isThrough && this.#waiting > 0); step += 1) {
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

  /** Removes destroyed sessions first, then stores the sessions that the request left. */
  #step(): Promise<void> | void {
    const { removals: destroyed } = this.#life;
    if (destroyed?.remaining === true) return destroyed.run();
    const waits = this.#last !== null;
    // After the wait, nothing may be due any more.
    return this.run(() => {
      const left = this.#left.shift();
      const session = left ?? this.#life.session;
      this.#isThrough = left === undefined;
      if ((waits || left !== undefined) && !session.due) return;
      session.since = beginning('committed');
      this.#written = session;
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
    await this.#writeShortened(session);
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
