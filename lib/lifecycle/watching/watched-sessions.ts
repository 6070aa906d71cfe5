import type { Clock } from '../../drivers/clock.js';
import { ownText } from '../../state/own-text.js';
import { PacedLookups } from './paced-lookups.js';
import { REDIRECT_MS } from '../lifetimes.js';
import { RoundTimer } from './round-timer.js';
import { type WatchedSession, type Locate, type Whereabouts, Watch } from './watch.js';

/**
 * The longest round. A session that moved in another process is found by the redirect under its old id. The
 * look-up has to happen while the redirect stands, with time to spare for a slow store; otherwise the session
 * would count as ended.
 */
const LONGEST_ROUND_MS = (REDIRECT_MS * 2) / 3;

/** The longest delay of a Node.js timer, ms; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * When to ask again, ms, if the store still has a session that should have expired: its clock may be slightly
 * behind.
 */
const ASK_AGAIN_MS = 1_000;

/**
 * The watched sessions of one application: sockets and streams that have to end with them. Whatever ends,
 * moves or renews a session in this process notifies this registry at once. What other processes do, it
 * learns by asking the store: in rounds, and when a session should have expired. Ending a session that nobody
 * watches costs one map look-up.
 *
 * If the store fails, no session counts as ended: the store is asked again.
 */
export class WatchedSessions {
  readonly #clock: Clock;
  readonly #byId = new Map<string, WatchedSession>();
  readonly #rounds: RoundTimer<WatchedSession> | null;
  readonly #looks = new PacedLookups<WatchedSession>(
    () => this.size,
    (watched) => this.#locate(watched, watched.id),
  );

  /**
   * @param checkEvery how often the store is asked for each session, ms; false: only when it should have
   * expired
   */
  constructor(clock: Clock, checkEvery: number | false) {
    this.#clock = clock;
    this.#rounds =
      checkEvery === false
        ? null
        : new RoundTimer(Math.min(checkEvery, LONGEST_ROUND_MS), (watched) => {
            this.look(watched);
          });
  }

  /** How many sessions are watched. */
  get size(): number {
    return this.#byId.size;
  }

  /**
   * Watches a session that is not stored yet. One that is, and what happened to it since it was loaded:
   * `RecentFates.watch`.
   *
   * @param locate null if there is no store to ask: then only what happens in this process is known
   */
  watch(locate: Locate | null): Watch {
    return new Watch(this, locate);
  }

  // ---- what happens to sessions in this process ----------------------------------------------------------------

  /** A session has ended. */
  ended(id: string): void {
    const watched = this.#byId.get(id);
    if (watched === undefined) return;
    for (const watch of watched.watches) watch.end();
  }

  /** A session has moved to another id. */
  moved(id: string, to: string): void {
    const watched = this.#byId.get(id);
    if (watched === undefined || id === to) return;
    const watches = [...watched.watches];
    const there = this.#byId.get(to);
    if (there === undefined) {
      this.#byId.delete(id);
      watched.id = ownText(to);
      this.#byId.set(watched.id, watched);
    } else {
      for (const watch of watches) this.#join(watch, there);
    }
    for (const watch of watches) watch.onMoved?.();
  }

  /** The expiry of a session has changed. */
  renewed({ id, expiresAt }: Whereabouts): void {
    const watched = this.#byId.get(id);
    if (watched !== undefined) this.#expireAt(watched, expiresAt);
  }

  /** The application shuts down: nobody is notified any more. */
  close(): void {
    for (const { watches } of this.#byId.values()) for (const watch of watches) watch.stop();
  }

  // ---- for watches ---------------------------------------------------------------------------------------------

  /** @internal */
  enter(watch: Watch, place: Whereabouts): void {
    // Other watches of the same session have to move to the new place too.
    if (watch.watched !== null) this.moved(watch.watched.id, place.id);
    else this.#join(watch, this.#byId.get(place.id) ?? this.#add(place, watch.locate));
    this.renewed(place);
  }

  /** @internal */
  leave(watch: Watch): void {
    const { watched } = watch;
    if (watched === null) return;
    watch.watched = null;
    watched.watches.delete(watch);
    if (watched.watches.size === 0) this.#remove(watched);
  }

  /** @internal */
  look(watched: WatchedSession): void {
    if (watched.locate !== null) this.#looks.add(watched);
  }

  #join(watch: Watch, watched: WatchedSession): void {
    this.leave(watch);
    watched.watches.add(watch);
    watch.watched = watched;
  }

  #add({ id, expiresAt }: Whereabouts, locate: Locate | null): WatchedSession {
    // A copy: a substring of a request would keep the whole request in memory.
    const watched: WatchedSession = {
      id: ownText(id),
      expiresAt,
      expiry: null,
      watches: new Set(),
      locate,
    };
    this.#byId.set(watched.id, watched);
    if (locate !== null) this.#rounds?.add(watched);
    return watched;
  }

  #remove(watched: WatchedSession): void {
    if (this.#byId.get(watched.id) === watched) this.#byId.delete(watched.id);
    this.#rounds?.delete(watched);
    this.#looks.delete(watched);
    if (watched.expiry !== null) clearTimeout(watched.expiry);
    watched.expiry = null;
  }

  // ---- expiry --------------------------------------------------------------------------------------------------

  #expireAt(watched: WatchedSession, expiresAt: number): void {
    if (watched.expiresAt === expiresAt && watched.expiry !== null) return;
    watched.expiresAt = expiresAt;
    this.#wakeIn(watched, Math.max(0, expiresAt - this.#clock.now()));
  }

  #wakeIn(watched: WatchedSession, ms: number): void {
    if (watched.expiry !== null) clearTimeout(watched.expiry);
    watched.expiry = setTimeout(
      () => {
        this.#mayHaveExpired(watched);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    watched.expiry.unref();
  }

  #mayHaveExpired(watched: WatchedSession): void {
    const remaining = watched.expiresAt - this.#clock.now();
    if (remaining > 0) this.#wakeIn(watched, remaining);
    else if (watched.locate === null) this.ended(watched.id);
    else this.look(watched);
  }

  // ---- asking the store ----------------------------------------------------------------------------------------

  async #locate(watched: WatchedSession, id: string): Promise<void> {
    let place: Whereabouts | null | undefined;
    try {
      place = await watched.locate?.(id, watched.expiresAt);
    } catch {
      // The guard before the store has logged it. The next round asks again; a session that should have
      // expired is asked for again without rounds too.
    }
    // It may have moved or ended meanwhile, or nobody may watch it any more.
    if (this.#byId.get(id) !== watched) return;
    const now = this.#clock.now();
    if (place === null) this.ended(id);
    else if (place === undefined) {
      if (watched.expiresAt <= now) this.#wakeIn(watched, LONGEST_ROUND_MS);
    } else if (place.expiresAt <= now) this.#wakeIn(watched, ASK_AGAIN_MS);
    else {
      this.moved(id, place.id);
      this.renewed(place);
    }
  }
}
