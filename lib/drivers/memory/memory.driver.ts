import { type Clock, systemClock } from '../clock.js';
import { readOption } from '../../options/check.js';
import { type MemoryDriverOptions, memoryOptions } from '../../options/memory.options.js';
import type { RecordDriver, SessionRecord } from '../driver.js';
import { type RecencyLink, RecencyList } from './recency-list.js';
import { ShardedMap } from './sharded-map.js';
import { removeExpired } from './expired-records.js';

/** A record in its place in the order of last use. */
interface Kept extends RecencyLink<Kept> {
  readonly id: string;
  /** The driver's own copy. Its fields are primitive, so a shallow copy shares nothing. */
  record: SessionRecord;
}

/**
 * Keeps sessions in this process: for development, for tests, and for an application that is one process and may
 * forget its sessions when it restarts. Other processes do not see them.
 *
 * What a call costs does not depend on how many sessions are kept. Expired ones stay in memory until
 * `collectGarbage`, which the module calls every so often.
 *
 * @throws SessionConfigError where `max` is no whole number from 1 on
 *
 * @example
 * SessionModule.forRoot({ secret, driver: 'memory', memory: { max: 100_000 } })
 */
export class MemoryDriver implements RecordDriver {
  readonly #records = new ShardedMap<Kept>();
  // A list, and not the order of one Map: V8 leaves a gap for each key that is removed, so finding the oldest key, and
  // closing the gaps, takes longer the more sessions are kept.
  readonly #recency: RecencyList<Kept> | undefined;
  readonly #clock: Clock;

  constructor(options: MemoryDriverOptions = {}, clock: Clock = systemClock) {
    const { max } = readOption(memoryOptions, options, 'memory');
    this.#recency = max === undefined ? undefined : new RecencyList<Kept>(max);
    this.#clock = clock;
  }

  read(id: string): Promise<SessionRecord | null> {
    const kept = this.#live(id);
    if (kept === undefined) return Promise.resolve(null);
    this.#recency?.use(kept);
    return Promise.resolve({ ...kept.record });
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    const kept = this.#records.get(id);
    const storedVersion = kept !== undefined && this.#isLive(kept) ? kept.record.version : 0;
    if (storedVersion !== record.version - 1) return Promise.resolve(false);
    if (kept === undefined) {
      this.#add({ id, record: { ...record }, older: undefined, newer: undefined });
    } else {
      kept.record = { ...record };
      this.#recency?.use(kept);
    }
    return Promise.resolve(true);
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    const kept = this.#live(id);
    if (kept === undefined) return Promise.resolve(false);
    kept.record.expiresAt = expiresAt;
    this.#recency?.use(kept);
    return Promise.resolve(true);
  }

  destroy(id: string): Promise<void> {
    const kept = this.#records.get(id);
    if (kept !== undefined) this.#remove(kept);
    return Promise.resolve();
  }

  destroyVersion(id: string, version: number): Promise<boolean> {
    const kept = this.#live(id);
    if (kept?.record.version !== version) return Promise.resolve(false);
    this.#remove(kept);
    return Promise.resolve(true);
  }

  collectGarbage(now: number): Promise<number> {
    return removeExpired(this.#records, now, (kept) => this.#remove(kept));
  }

  #isLive({ record }: Kept): boolean {
    return record.expiresAt > this.#clock.now();
  }

  #live(id: string): Kept | undefined {
    const kept = this.#records.get(id);
    return kept !== undefined && this.#isLive(kept) ? kept : undefined;
  }

  #add(kept: Kept): void {
    this.#records.set(kept.id, kept);
    const forgotten = this.#recency?.add(kept);
    if (forgotten !== undefined) this.#records.delete(forgotten.id);
  }

  #remove(kept: Kept): void {
    this.#records.delete(kept.id);
    this.#recency?.remove(kept);
  }
}
