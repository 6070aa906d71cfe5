import type { Clock } from '../drivers/clock.js';
import { ownText } from '../state/own-text.js';
import type { WatchedSessions } from './watching/watched-sessions.js';
import { REDIRECT_MS } from './records/record-remover.js';

/** For how long an ending is remembered, in ms: longer than requests take. */
const REMEMBERED_MS = 10 * 60_000;

/** How many endings are remembered; about two megabytes. */
const MOST_REMEMBERED = 10_000;

/** What is remembered of an id. */
export interface Ending {
  /** The id that the session moved to; null where it ended. */
  readonly to: string | null;
  /** Epoch ms. */
  readonly at: number;
}

/** What has become of a session, as far as this process knows. */
type Fate =
  | { readonly kind: 'lives' }
  /** It has just moved to another id, and requests with the old one may still be on their way. */
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'gone' };

const LIVES: Fate = { kind: 'lives' };
const GONE: Fate = { kind: 'gone' };

/**
 * The sessions of one application that ended or moved lately. It stands in for what a store would know where there is
 * none: sealed tokens stay readable whatever happened to the session. Where there is one, it tells, without asking that, which
 * cookie must not be sent any more. Other processes know nothing of it.
 */
export class RecentEndings {
  readonly #clock: Clock;
  readonly #watched: WatchedSessions;
  readonly #max: number;
  /** The oldest first. */
  readonly #endings = new Map<string, Ending>();

  /**
   * @param watched those that somebody watches: told of it
   * @param max how many are remembered; one more, and the oldest is forgotten
   */
  constructor(clock: Clock, watched: WatchedSessions, max = MOST_REMEMBERED) {
    this.#clock = clock;
    this.#watched = watched;
    this.#max = max;
    watched.remembering((id) => this.#idNow(id));
  }

  /** What has become of the session that had this id. */
  fateOf(id: string): Fate {
    const ending = this.#find(id);
    if (ending === undefined) return LIVES;
    const isUnderWay = this.#clock.now() - ending.at < REDIRECT_MS;
    return ending.to !== null && isUnderWay ? { kind: 'moved', to: ending.to } : GONE;
  }

  /** The ending that is remembered of an id, for `forget`. */
  endingOf(id: string): Ending | undefined {
    return this.#endings.size === 0 ? undefined : this.#endings.get(id);
  }

  /** There is a session under the id once more, since that ending: an application may choose ids itself. */
  forget(id: string, ending: Ending): void {
    if (this.#endings.get(id) === ending) this.#endings.delete(id);
  }

  /** What had an id has ended. What it moved to before, if anything, has not. */
  ended(id: string): void {
    this.#remember(id, null);
  }

  /** A session goes on under another id. */
  moved(id: string, to: string): void {
    this.#remember(id, to);
  }

  /**
   * A session ends, under whatever id it goes by now.
   *
   * @param id any that it had lately
   * @returns false where it had ended already
   */
  end(id: string): boolean {
    let current = id;
    for (let ending = this.#find(current); ending !== undefined; ending = this.#find(current)) {
      if (ending.to === null) return false;
      this.#remember(current, null);
      current = ending.to;
    }
    this.#remember(current, null);
    return true;
  }

  /** The id that the session of an id has by now; null where it has ended. */
  #idNow(id: string): string | null {
    let current = id;
    // An application may choose ids itself, and come back to one: there are no more moves than are remembered.
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
    // Copies: what a serializer cut out of a token would keep all of the token alive.
    this.#endings.set(ownText(id), { to: to === null ? null : ownText(to), at: now });
    if (to === null) this.#watched.ended(id);
    else this.#watched.moved(id, to);
  }
}
