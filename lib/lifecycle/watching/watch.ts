import type { BaseVersion } from '../phase.js';
import type { WatchedSessions } from './watched-sessions.js';

/** Where a session is stored (its id), and until when (epoch ms). */
export type Whereabouts = Omit<BaseVersion, 'version'>;

/**
 * Asks the store where the session of an id is now. Follows a move of the last half minute.
 *
 * @param expiresAt when it expires, as far as known; epoch ms
 * @returns null if it is gone
 * @throws SessionStoreError if the store fails: then nothing is known
 */
export type Locate = (id: string, expiresAt: number) => Promise<Whereabouts | null>;

/** A watched session. */
export interface WatchedSession {
  /** Its current id. */
  id: string;
  /** Epoch ms. */
  expiresAt: number;
  expiry: NodeJS.Timeout | null;
  readonly watches: Set<Watch>;
  readonly locate: Locate | null;
}

/** One watch of a session. Made by `WatchedSessions`; has to be stopped by whoever requested it. */
export class Watch {
  readonly #registry: WatchedSessions;
  readonly #controller = new AbortController();
  #isOver = false;
  /** The watched session; null for none. Set only by the registry. */
  watched: WatchedSession | null = null;
  /** Called when the session turns out to have another id, whoever changed it. */
  onMoved: (() => void) | null = null;

  /** @param locate null if there is no store to ask */
  constructor(
    registry: WatchedSessions,
    readonly locate: Locate | null,
  ) {
    this.#registry = registry;
  }

  /** Fires once, when the session has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The session's current id, as far as this process knows; null if nothing is watched any more. */
  get id(): string | null {
    return this.watched?.id ?? null;
  }

  /** Sets where the session is stored now. Before the first call, nothing is stored that could end. */
  at(place: Whereabouts): void {
    if (!this.#isOver) this.#registry.enter(this, place);
  }

  /** The session was not found where it was: looks for it now. */
  look(): void {
    if (this.watched !== null) this.#registry.look(this.watched);
  }

  /** The session has ended. */
  end(): void {
    if (this.#isOver) return;
    this.stop();
    this.#controller.abort();
  }

  /** Stops watching: the signal does not fire any more. */
  stop(): void {
    this.#isOver = true;
    this.#registry.leave(this);
  }
}
