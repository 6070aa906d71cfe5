import type { LoadedVersion } from '../phase.js';

/** Where a session is stored, and until when: its id, and epoch ms. */
export type Whereabouts = Omit<LoadedVersion, 'version'>;

/**
 * Asks the store where the session of an id is by now. A move of the last half minute is followed.
 *
 * @param expiresAt when it ends, as far as is known; epoch ms
 * @returns null where there is none any more
 * @throws SessionStoreError where the store fails: nothing is known then
 */
export type Locate = (id: string, expiresAt: number) => Promise<Whereabouts | null>;

/** What a watch needs of the registry that it is in. */
interface Registry {
  enter(watch: Watch, place: Whereabouts): void;
  leave(watch: Watch): void;
  look(watched: WatchedSession): void;
}

/** A session that somebody watches. */
export interface WatchedSession {
  /** The one that it has now. */
  id: string;
  /** Epoch ms. */
  expiresAt: number;
  expiry: NodeJS.Timeout | null;
  readonly watches: Set<Watch>;
  readonly locate: Locate | null;
}

/** Somebody watches a session. Made by `WatchedSessions`; has to be stopped by whoever asked for it. */
export class Watch {
  readonly #registry: Registry;
  readonly #controller = new AbortController();
  #isOver = false;
  /** What it watches; null where that is nothing. Set by the registry alone. */
  watched: WatchedSession | null = null;
  /** Called where the session is seen to have another id, whoever has given it that. */
  onMoved: (() => void) | null = null;

  /** @param locate null where there is no store to ask */
  constructor(
    registry: Registry,
    readonly locate: Locate | null,
  ) {
    this.#registry = registry;
  }

  /** Fires once, when the session has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The id that the session has now, as far as this process knows; null where nothing is watched any more. */
  get id(): string | null {
    return this.watched?.id ?? null;
  }

  /** Where the session is stored now. Until this was called, nothing is stored of it that could end. */
  at(place: Whereabouts): void {
    if (!this.#isOver) this.#registry.enter(this, place);
  }

  /** The session was not found where it was: it is looked for now. */
  look(): void {
    if (this.watched !== null) this.#registry.look(this.watched);
  }

  /** The session has ended. */
  end(): void {
    if (this.#isOver) return;
    this.stop();
    this.#controller.abort();
  }

  /** Nobody watches any more: the signal does not fire. */
  stop(): void {
    this.#isOver = true;
    this.#registry.leave(this);
  }
}
