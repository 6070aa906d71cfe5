import type { TakenOver } from './taking-over/former-state.js';
import type { SessionBackend } from './session-backend.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import type { FormerSession } from './taking-over/session-source.js';
import { isLoadingHeard, tellLoading, tellOpening } from './publish-load-events.js';

/** How a request loads its session: by a token, by an id, or from another library. What is told of it waits until it can be asked. */
export class RequestLoads {
  readonly #life: SessionLifecycle;
  readonly #backend: SessionBackend;
  /** What is to be told of what was loaded. */
  readonly untold: (() => void)[] = [];

  constructor(life: SessionLifecycle, backend: SessionBackend) {
    this.#life = life;
    this.#backend = backend;
  }

  /** Loads what a token stands for. A token that is not ours, or stands for nothing any more, leaves the session empty. */
  byToken(token: string): Promise<void> | void {
    const { session } = this.#life;
    if (!isLoadingHeard()) return this.#backend.open(session, token);
    const isOfOtherKind = (): boolean => this.#backend.isOfOtherKind(token);
    return tellOpening(session, this.untold, token, isOfOtherKind, () => this.#backend.open(session, token));
  }

  /** Loads the session of an id that the application chose itself. */
  byId(id: string): Promise<void> | void {
    const { session } = this.#life;
    if (!isLoadingHeard()) return this.#backend.load(session, id);
    return tellLoading(session, this.untold, () => this.#backend.load(session, id));
  }

  /**
   * Has a session of another library go on here, once, and loads it.
   *
   * @returns null where there is nothing to go on with
   */
  async takeOver(former: FormerSession): Promise<TakenOver | null> {
    const { session } = this.#life;
    const take = (): Promise<TakenOver | null> => this.#backend.takeOver(session, former);
    try {
      return await (isLoadingHeard() ? tellLoading(session, this.untold, take) : take());
    } catch (error) {
      session.degradeOn(error);
      return null;
    }
  }

  /** Tells of what was loaded. To be called where the session can be asked. */
  tell(): void {
    for (const tell of this.untold.splice(0)) tell();
  }
}
