import type { Clock } from '../drivers/clock.js';
import { ownText } from '../state/own-text.js';
import type { WatchedSessions } from './watching/watched-sessions.js';
import { REDIRECT_MS } from './lifetimes.js';

/** How long an ending is remembered, in ms: longer than requests take. */
const REMEMBERED_MS = 10 * 60_000;

/** How many endings are remembered; about two megabytes. */
const MOST_REMEMBERED = 10_000;

/** What is remembered about an id. */
export interface Ending {
  /** The id that the session moved to; null if it ended. */
  readonly to: string | null;
  /** Epoch ms. */
  readonly at: number;
}

/** The fate of a session, as far as this process knows. */
type Fate =
  | { readonly kind: 'lives' }
  /** It has just moved to another id; requests with the old one may still be under way. */
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'gone' };

const LIVES: Fate = { kind: 'lives' };
const GONE: Fate = { kind: 'gone' };

/**
 * Remembers which sessions of an application ended or moved recently. For sessions without a store, it stands
 * in for what a store would know: sealed tokens stay readable whatever happened to the session. For sessions
 * with a store, it tells without a store call which cookies must not be sent any more. Other processes do not
 * share it.
 */
export class RecentEndings {
  readonly #clock: Clock;
  readonly #watched: WatchedSessions;
  readonly #max: number;
  /** Oldest first. */
  readonly #endings = new Map<string, Ending>();

  /**
   * @param watched the watched sessions, which are notified
   * @param max how many endings are remembered; beyond that, the oldest is forgotten
   */
  constructor(clock: Clock, watched: WatchedSessions, max = MOST_REMEMBERED) {
    this.#clock = clock;
    this.#watched = watched;
    this.#max = max;
    watched.remembering((id) => this.#idNow(id));
  }

  /** The fate of the session that had this id. */
  fateOf(id: string): Fate {
    const ending = this.#find(id);
    if (ending === undefined) return LIVES;
    const isUnderWay = this.#clock.now() - ending.at < REDIRECT_MS;
    return ending.to !== null && isUnderWay ? { kind: 'moved', to: ending.to } : GONE;
  }

  /** The remembered ending of an id, to be passed to `forget`. */
  endingOf(id: string): Ending | undefined {
    return this.#endings.size === 0 ? undefined : this.#endings.get(id);
  }

  /** Forgets that ending, as there is a session under the id again: an application may choose ids itself. */
  forget(id: string, ending: Ending): void {
    if (this.#endings.get(id) === ending) this.#endings.delete(id);
  }

  /** The session with this id has ended. If it had moved before, the session under the other id has not. */
  noteEnded(id: string): void {
    this.#remember(id, null);
  }

  /** A session has moved to another id. */
  noteMoved(id: string, to: string): void {
    this.#remember(id, to);
  }

  /**
   * Ends a session, under whatever id it has now.
   *
   * @param id any id that it had recently
   * @returns false if it had already ended
   */
  endWherever(id: string): boolean {
    let current = id;
    for (let ending = this.#find(current); ending !== undefined; ending = this.#find(current)) {
      if (ending.to === null) return false;
      this.#remember(current, null);
      current = ending.to;
    }
    this.#remember(current, null);
    return true;
  }

  /** The current id of the session that had this id; null if it has ended. */
  #idNow(id: string): string | null {
    let current = id;
    // An application may choose ids itself and reuse one, so moves can form a loop. There are no more moves
    // than remembered endings.
    for (let moves = 0; moves < this.#endings.size; moves += 1) {
      const ending = this.#find(current);
      if (ending === undefined) break;
      if (ending.to === null) return null;
      current = ending.to;
    }
    return current;
  }

  #find(id: string): Ending | undefined {
    const ending = this.#endings.get(id);
    return ending !== undefined && this.#clock.now() - ending.at < REMEMBERED_MS ? ending : undefined;
  }

  #remember(id: string, to: string | null): void {
    const now = this.#clock.now();
    this.#endings.delete(id);
    for (const [oldest, { at }] of this.#endings) {
      if (this.#endings.size < this.#max && now - at < REMEMBERED_MS) break;
      this.#endings.delete(oldest);
    }
    // Copies: a substring that a serializer cut out of a token would keep the whole token in memory.
    this.#endings.set(ownText(id), { to: to === null ? null : ownText(to), at: now });
    if (to === null) this.#watched.ended(id);
    else this.#watched.moved(id, to);
  }
}
