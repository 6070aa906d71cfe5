import type { Clock } from '../../drivers/clock.js';
import { ownText } from '../../state/own-text.js';
import { PacedLookups } from './paced-lookups.js';
import { REDIRECT_MS } from '../records/record-remover.js';
import { RoundTimer } from './round-timer.js';
import { type Live, type Locate, type Place, Watch } from './watch.js';

/**
 * A session that moved in another process is found by the redirect under its old id. So that it is found and not taken for
 * one that has ended, it is looked for while that stands, with some time left for a slow store.
 */
const LONGEST_ROUND_MS = (REDIRECT_MS * 2) / 3;

/** The most that a timer of Node's takes, ms; a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** When to ask again, ms, where the store still has what should have expired: its clock may be a little behind. */
const CLOCK_SKEW_MS = 1_000;

/**
 * The sessions of one application that somebody watches: sockets and streams that are to end with them. Whatever ends, moves
 * or renews a session in this process tells it at once. What other processes do, it finds out by asking the store: in rounds,
 * and when a session should have expired. A session that nobody watches costs one look-up in a map when it ends.
 *
 * If the store fails, no session counts as ended: it is asked again.
 */
export class WatchedSessions {
  readonly #clock: Clock;
  readonly #live = new Map<string, Live>();
  readonly #rounds: RoundTimer<Live> | null;
  #idNow: (id: string) => string | null = (id) => id;
  readonly #looks = new PacedLookups<Live>(
    () => this.size,
    (live) => this.#locate(live, live.id),
  );

  /** @param checkEvery how often the store is asked for each, ms; false: only when it should have expired */
  constructor(clock: Clock, checkEvery: number | false) {
    this.#clock = clock;
    this.#rounds =
      checkEvery === false
        ? null
        : new RoundTimer(Math.min(checkEvery, LONGEST_ROUND_MS), (live) => {
            this.look(live);
          });
  }

  /**
   * Names whom to ask what became of a session between when it was loaded and when somebody begins to watch it.
   *
   * @param idNow gives the id that the session of an id has by now; null where it has ended
   */
  remembering(idNow: (id: string) => string | null): void {
    this.#idNow = idNow;
  }

  /** How many sessions are watched. */
  get size(): number {
    return this.#live.size;
  }

  /**
   * Watches a session.
   *
   * @param place where it was stored when it was loaded; null as long as it is not
   * @param locate null where there is no store to ask: only what happens in this process is known then
   */
  watch(place: Place | null, locate: Locate | null): Watch {
    const watch = new Watch(this, locate);
    if (place === null) return watch;
    const id = this.#idNow(place.id);
    if (id === null) watch.end();
    else watch.at({ id, expiresAt: place.expiresAt });
    return watch;
  }

  // ---- what happens to sessions in this process ----------------------------------------------------------------

  /** A session has ended. */
  ended(id: string): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    for (const watch of live.watches) watch.end();
  }

  /** A session goes on under another id. */
  moved(id: string, to: string): void {
    const live = this.#live.get(id);
    if (live === undefined || id === to) return;
    const watches = [...live.watches];
    const there = this.#live.get(to);
    if (there === undefined) {
      this.#live.delete(id);
      live.id = ownText(to);
      this.#live.set(live.id, live);
    } else {
      for (const watch of watches) this.#join(watch, there);
    }
    for (const watch of watches) watch.onMoved?.();
  }

  /** A session lives longer than was known, or less long. */
  renewed({ id, expiresAt }: Place): void {
    const live = this.#live.get(id);
    if (live !== undefined) this.#expireAt(live, expiresAt);
  }

  /** The application ends: nobody is told anything any more. */
  close(): void {
    for (const { watches } of this.#live.values()) for (const watch of watches) watch.stop();
  }

  // ---- for watches ---------------------------------------------------------------------------------------------

  /** @internal */
  enter(watch: Watch, place: Place): void {
    // Whoever watches the same session has to look in the new place too.
    if (watch.live !== null) this.moved(watch.live.id, place.id);
    else this.#join(watch, this.#live.get(place.id) ?? this.#add(place, watch.locate));
    this.renewed(place);
  }

  /** @internal */
  leave(watch: Watch): void {
    const { live } = watch;
    if (live === null) return;
    watch.live = null;
    live.watches.delete(watch);
    if (live.watches.size === 0) this.#remove(live);
  }

  /** @internal */
  look(live: Live): void {
    if (live.locate !== null) this.#looks.add(live);
  }

  #join(watch: Watch, live: Live): void {
    this.leave(watch);
    live.watches.add(watch);
    watch.live = live;
  }

  #add({ id, expiresAt }: Place, locate: Locate | null): Live {
    // A copy: what was cut out of a request would keep all of it alive.
    const live: Live = {
      id: ownText(id),
      expiresAt,
      expiry: null,
      watches: new Set(),
      locate,
    };
    this.#live.set(live.id, live);
    if (locate !== null) this.#rounds?.add(live);
    return live;
  }

  #remove(live: Live): void {
    if (this.#live.get(live.id) === live) this.#live.delete(live.id);
    this.#rounds?.delete(live);
    this.#looks.delete(live);
    if (live.expiry !== null) clearTimeout(live.expiry);
    live.expiry = null;
  }

  // ---- expiry --------------------------------------------------------------------------------------------------

  #expireAt(live: Live, expiresAt: number): void {
    if (live.expiresAt === expiresAt && live.expiry !== null) return;
    live.expiresAt = expiresAt;
    this.#wakeIn(live, Math.max(0, expiresAt - this.#clock.now()));
  }

  #wakeIn(live: Live, ms: number): void {
    if (live.expiry !== null) clearTimeout(live.expiry);
    live.expiry = setTimeout(
      () => {
        this.#mayHaveExpired(live);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    live.expiry.unref();
  }

  #mayHaveExpired(live: Live): void {
    const remaining = live.expiresAt - this.#clock.now();
    if (remaining > 0) this.#wakeIn(live, remaining);
    else if (live.locate === null) this.ended(live.id);
    else this.look(live);
  }

  // ---- asking the store ----------------------------------------------------------------------------------------

  async #locate(live: Live, id: string): Promise<void> {
    let place: Place | null | undefined;
    try {
      place = await live.locate?.(id, live.expiresAt);
    } catch {
      // The guard before the store has said so. It is asked again in the next round, also where there are no rounds.
    }
    // It may have moved or ended meanwhile, or nobody watch it any more.
    if (this.#live.get(id) !== live) return;
    const now = this.#clock.now();
    if (place === null) this.ended(id);
    else if (place === undefined) {
      if (live.expiresAt <= now) this.#wakeIn(live, LONGEST_ROUND_MS);
    } else if (place.expiresAt <= now) this.#wakeIn(live, CLOCK_SKEW_MS);
    else {
      this.moved(id, place.id);
      this.renewed(place);
    }
  }
}
