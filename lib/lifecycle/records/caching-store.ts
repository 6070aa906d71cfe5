import type { Clock } from '../../drivers/clock.js';
import type { SessionRecord } from '../../drivers/driver.js';
import { TwoGenerationCache } from '../../state/two-generation-cache.js';
import { ownText } from '../../state/own-text.js';
import type { RecordStore } from '../../drivers/record-store.js';

/** How many answers are remembered, in half of what is kept, and how long their payloads may be: a few megabytes at most. */
const HALF = 512;
const MAX_PAYLOAD = 4096;

/** The latest that this process knows of an id. */
interface Known {
  /** What the store answered, or was given; undefined where that must not be used any more. */
  readonly answer: SessionRecord | null | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * A store whose answers are cached for a while for those who load from it, in this process. What this process itself writes or
 * removes is seen at once, what other processes do after `maxAgeMs`. For loads only: a commit always asks the store.
 */
export class CachingStore {
  /** The store, for all that changes it or has to know. */
  readonly store: RecordStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #known = new TwoGenerationCache<Known>(HALF);
  /** How many changes of an id are under way: until they are over, what the store answers may be so or not so any more. */
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

  /** The record of an id, or null, as `RecordDriver.read` answers; perhaps as it was a while ago. */
  async read(id: string): Promise<SessionRecord | null> {
    const known = this.#known.get(id);
    const now = this.#clock.now();
    if (known?.answer !== undefined && now - known.at < this.#maxAgeMs) {
      // Several requests may be given the same record: nobody changes it.
      if (known.answer === null || known.answer.expiresAt > now) return known.answer;
    }
    const answer = await this.store.read(id);
    // Something may have been done to it while the answer was on its way: then it says how things were before.
    if (this.#known.get(id) === known && !this.#changes.has(id)) this.#learn(id, answer, now);
    return answer;
  }

  /** Somebody has seen a newer version: what is older is not given any more. */
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
