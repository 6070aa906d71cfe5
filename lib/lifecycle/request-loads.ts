import type { TakenOver } from './taking-over/taken-over.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import type { ForeignSession } from './taking-over/session-source.js';
import { type QueuedEvent, eventsOfLoad, eventsOfToken, isLoadingHeard } from './publish-load-events.js';

/**
 * How a request loads its session: by token, by id, or from another library. Load events wait until the
 * session can be queried.
 */
export class RequestLoads {
  readonly #life: SessionLifecycle;
  readonly #backend: SessionBackend;
  #queued: QueuedEvent[] = [];

  constructor(life: SessionLifecycle, backend: SessionBackend) {
    this.#life = life;
    this.#backend = backend;
  }

  /** Loads the session of a token. The session stays empty if the token is not ours or its session is gone. */
  byToken(token: string): Promise<void> | void {
    const backend = this.#backend;
    const { session } = this.#life;
    if (!isLoadingHeard()) return backend.loadByToken(session, token);
    return this.#heard(
      () => backend.loadByToken(session, token),
      () => eventsOfToken(session, token, backend.tokenKinds),
    );
  }

  /** Whether a token is a session sealed by this application, for a driver that seals sessions. */
  opens(token: string): boolean {
    const { runtime, tokenKinds } = this.#backend;
    return tokenKinds.includes('sealed') && runtime.keyring.open(token) !== null;
  }

  /** Loads the session of an id that the application chose itself. */
  byId(id: string): Promise<void> | void {
    const { session } = this.#life;
    return this.#heard(
      () => this.#backend.loadById(session, id),
      () => eventsOfLoad(session),
    );
  }

  /**
   * Takes over and loads a session of another library, once.
   *
   * @returns null if there is nothing to take over
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

  /** Whether events are waiting. */
  get hasEvents(): boolean {
    return this.#queued.length > 0;
  }

  /** Publishes the load events. Call it once the session can be queried. */
  publishEvents(): void {
    for (const publish of this.#queued.splice(0)) publish();
  }
}
