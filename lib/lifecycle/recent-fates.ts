import type { Clock } from '../drivers/clock.js';
import { handleOf } from '../crypto/handle.js';
import { ownText } from '../state/own-text.js';
import type { Locate, Watch, Whereabouts } from './watching/watch.js';
import type { WatchedSessions } from './watching/watched-sessions.js';
import { REDIRECT_MS, UNDER_WAY_MS } from './lifetimes.js';

/** How many fates are remembered; about two megabytes. */
const MOST_REMEMBERED = 10_000;

/** What is remembered about an id. */
export interface KnownFate {
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
export class RecentFates {
  readonly #clock: Clock;
  readonly #watched: WatchedSessions;
  readonly #max: number;
  /** Oldest first. */
  readonly #fates = new Map<string, KnownFate>();
  /** When sessions began whose end was published (epoch ms), by their handles. Oldest end first. */
  readonly #published = new Map<string, number>();

  /**
   * @param watched the watched sessions, which are notified
   * @param max how many fates are remembered; beyond that, the oldest is forgotten
   */
  constructor(clock: Clock, watched: WatchedSessions, max = MOST_REMEMBERED) {
    this.#clock = clock;
    this.#watched = watched;
    this.#max = max;
  }

  /** The fate of the session that had this id. */
  fateOf(id: string): Fate {
    const known = this.#find(id);
    if (known === undefined) return LIVES;
    const isUnderWay = this.#clock.now() - known.at < REDIRECT_MS;
    return known.to !== null && isUnderWay ? { kind: 'moved', to: known.to } : GONE;
  }

  /** The remembered fate of an id, to be passed to `forget`. */
  known(id: string): KnownFate | undefined {
    return this.#fates.size === 0 ? undefined : this.#fates.get(id);
  }

  /** Forgets that fate, as there is a session under the id again: an application may choose ids itself. */
  forget(id: string, known: KnownFate): void {
    if (this.#fates.get(id) === known) this.#fates.delete(id);
    // A handle is not derived for nothing: ends are published only if somebody listens.
    if (this.#published.size > 0) this.#published.delete(handleOf(id));
  }

  /**
   * Notes that the end of a session is published. While it moves, it has a record under each of two ids, and each
   * may be ended by somebody else.
   *
   * @param begun when it began; epoch ms. Another process may begin one under an id that had a session before
   * @returns false if it was published before
   */
  notePublished(handle: string, begun: number): boolean {
    if (this.#published.get(handle) === begun) return false;
    this.#published.delete(handle);
    makeRoom(this.#published, this.#max);
    this.#published.set(handle, begun);
    return true;
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
    for (let known = this.#find(current); known !== undefined; known = this.#find(current)) {
      if (known.to === null) return false;
      this.#remember(current, null);
      current = known.to;
    }
    this.#remember(current, null);
    return true;
  }

  /**
   * Watches a session, which may have ended or moved since it was loaded.
   *
   * @param place where it was stored when it was loaded; null if it is not stored yet
   * @param locate null if there is no store to ask: then only what happens in this process is known
   */
  watch(place: Whereabouts | null, locate: Locate | null): Watch {
    const watch = this.#watched.watch(locate);
    if (place === null) return watch;
    const id = this.#idNow(place.id);
    if (id === null) watch.end();
    else watch.at({ id, expiresAt: place.expiresAt });
    return watch;
  }

  /** The current id of the session that had this id; null if it has ended. */
  #idNow(id: string): string | null {
    let current = id;
    // An application may choose ids itself and reuse one, so moves can form a loop. There are no more moves
    // than remembered fates.
    for (let moves = 0; moves < this.#fates.size; moves += 1) {
      const known = this.#find(current);
      if (known === undefined) break;
      if (known.to === null) return null;
      current = known.to;
    }
    return current;
  }

  #find(id: string): KnownFate | undefined {
    const known = this.#fates.get(id);
    return known !== undefined && this.#clock.now() - known.at < UNDER_WAY_MS ? known : undefined;
  }

  #remember(id: string, to: string | null): void {
    const now = this.#clock.now();
    this.#fates.delete(id);
    makeRoom(this.#fates, this.#max, ({ at }) => now - at >= UNDER_WAY_MS);
    // Copies: a substring that a serializer cut out of a token would keep the whole token in memory.
    this.#fates.set(ownText(id), { to: to === null ? null : ownText(to), at: now });
    if (to === null) this.#watched.ended(id);
    else this.#watched.moved(id, to);
  }
}

/** Removes the oldest entries until there is room for another one, and all before the first that is still needed. */
function makeRoom<V>(entries: Map<string, V>, max: number, isOver = (_value: V): boolean => false): void {
  for (const [oldest, value] of entries) {
    if (entries.size < max && !isOver(value)) break;
    entries.delete(oldest);
  }
}
