import type { Clock } from '../../drivers/clock.js';
import type { SessionRecord } from '../../drivers/driver.js';
import { TwoGenerationCache } from '../../state/caches.js';
import { ownText } from '../../state/own-text.js';
import type { RecordStore } from '../../drivers/record-store.js';

/**
 * How many answers each of the cache's two generations holds, and how long a payload may be: a few megabytes
 * at most.
 */
const HALF = 512;
const MAX_PAYLOAD = 4096;

/** The latest that this process knows about an id. */
interface Known {
  /** The record that the store returned or was given; undefined if it must not be used any more. */
  readonly answer: SessionRecord | null | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * A store with a cache for loads. A load sees this process's own writes and removals at once, and those of
 * other processes after `maxAgeMs`. A commit always asks the store.
 */
export class CachingStore {
  /** The store itself, for whatever changes records or needs their current version. */
  readonly store: RecordStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #known = new TwoGenerationCache<Known>(HALF);
  /** How many changes of each id are under way. Until they are done, an answer of the store may be outdated. */
  readonly #changes = new Map<string, number>();

  /** @param maxAgeMs how long an answer is cached */
  constructor(store: RecordStore, clock: Clock, maxAgeMs: number) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
    const { destroyVersion, listByUser } = store;
    this.store = {
      read: (id) => store.read(id),
      write: (id, record) =>
        this.#changing(
          id,
          () => store.write(id, record),
          (isStored) => (isStored ? { ...record } : undefined),
        ),
      touch: (id, expiresAt) => this.#changing(id, () => store.touch(id, expiresAt)),
      destroy: (id) => this.#changing(id, () => store.destroy(id)),
      ...(destroyVersion && {
        destroyVersion: (id, version) => this.#changing(id, () => destroyVersion.call(store, id, version)),
      }),
      ...(listByUser && { listByUser: (userId, cursor) => listByUser.call(store, userId, cursor) }),
    };
  }

  /** The record of an id, or null, like `RecordDriver.read`; possibly up to `maxAgeMs` old. */
  async read(id: string): Promise<SessionRecord | null> {
    const known = this.#known.get(id);
    const now = this.#clock.now();
    if (known?.answer !== undefined && now - known.at < this.#maxAgeMs) {
      // Several requests may share this record; none of them modifies it.
      if (known.answer === null || known.answer.expiresAt > now) return known.answer;
    }
    const answer = await this.store.read(id);
    // A change made while the answer was on its way makes the answer outdated.
    if (this.#known.get(id) === known && !this.#changes.has(id)) this.#learn(id, answer, now);
    return answer;
  }

  /** A newer version has been seen: older ones are not returned any more. */
  seen(id: string, version: number): void {
    const answer = this.#known.get(id)?.answer;
    if (answer !== undefined && (answer?.version ?? 0) < version) this.#learn(id, undefined, 0);
  }

  async #changing<T>(
    id: string,
    change: () => Promise<T>,
    outcome: (answer: T) => SessionRecord | undefined = () => undefined,
  ): Promise<T> {
    const now = this.#clock.now();
    this.#changes.set(id, (this.#changes.get(id) ?? 0) + 1);
    this.#learn(id, undefined, now);
    let answer: SessionRecord | undefined;
    try {
      const result = await change();
      answer = outcome(result);
      return result;
    } finally {
      const others = (this.#changes.get(id) ?? 1) - 1;
      if (others > 0) this.#changes.set(id, others);
      else this.#changes.delete(id);
      this.#learn(id, others > 0 ? undefined : answer, now);
    }
  }

  #learn(id: string, answer: SessionRecord | null | undefined, at: number): void {
    const isTooLong = (answer?.payload.length ?? 0) > MAX_PAYLOAD;
    this.#known.set(ownText(id), { answer: isTooLong ? undefined : answer, at });
  }
}
