import type { TakenOver } from './taking-over/taken-over.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import type { ForeignSession } from './taking-over/session-source.js';
import { type QueuedEvent, eventsOfLoad, eventsOfToken, isLoadingHeard } from './publish-load-events.js';

/** How a request loads its session: by a token, by an id, or from another library. What is told of it waits until it can be asked. */
export class RequestLoads {
  readonly #life: SessionLifecycle;
  readonly #backend: SessionBackend;
  #queued: QueuedEvent[] = [];

  constructor(life: SessionLifecycle, backend: SessionBackend) {
    this.#life = life;
    this.#backend = backend;
  }

  /** Loads what a token stands for. A token that is not ours, or stands for nothing any more, leaves the session empty. */
  byToken(token: string): Promise<void> | void {
    const backend = this.#backend;
    const { session } = this.#life;
    if (!isLoadingHeard()) return backend.loadByToken(session, token);
    return this.#heard(
      () => backend.loadByToken(session, token),
      () => eventsOfToken(session, token, backend.tokenKinds),
    );
  }

  /** Loads the session of an id that the application chose itself. */
  byId(id: string): Promise<void> | void {
    const { session } = this.#life;
    if (!isLoadingHeard()) return this.#backend.loadById(session, id);
    return this.#heard(
      () => this.#backend.loadById(session, id),
      () => eventsOfLoad(session),
    );
  }

  /**
   * Has a session of another library go on here, once, and loads it.
   *
   * @returns null where there is nothing to go on with
   */
  async takeOver(foreign: ForeignSession): Promise<TakenOver | null> {
    const { session } = this.#life;
    try {
      return await this.#heard(
        () => this.#backend.takeOver(session, foreign),
        () => eventsOfLoad(session),
      );
    } catch (error) {
      session.degradeOn(error);
      return null;
    }
  }

  #heard<T>(load: () => Promise<T> | T, events: () => QueuedEvent[]): Promise<T> | T {
    this.#life.session.since = performance.now();
    const queued = (answer: T): T => {
      this.#queued.push(...events());
      return answer;
    };
    const loading = load();
    return loading instanceof Promise ? loading.then(queued) : queued(loading);
  }

  /** Whether there is anything to tell. */
  get hasEvents(): boolean {
    return this.#queued.length > 0;
  }

  /** Tells of what was loaded. To be called where the session can be asked. */
  publishEvents(): void {
    for (const publish of this.#queued.splice(0)) publish();
  }
}
