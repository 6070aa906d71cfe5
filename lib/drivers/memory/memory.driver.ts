import { type Clock, systemClock } from '../../clock.js';
import { readOption } from '../../options/check.js';
import { type MemoryDriverOptions, memoryOptions } from '../../options/memory.options.js';
import type { RecordDriver, SessionRecord } from '../driver.js';
import { KeptRecord } from './kept-record.js';
import { RecencyList } from './recency-list.js';
import { ShardedMap } from './sharded-map.js';
import { removeExpired } from './expired-records.js';

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
  readonly #records = new ShardedMap<KeptRecord>();
  readonly #recency: RecencyList<KeptRecord> | undefined;
  readonly #clock: Clock;

  constructor(options: MemoryDriverOptions = {}, clock: Clock = systemClock) {
    const { max } = readOption(memoryOptions, options, 'memory');
    this.#recency = max === undefined ? undefined : new RecencyList<KeptRecord>(max);
    this.#clock = clock;
  }

  read(id: string): Promise<SessionRecord | null> {
    const kept = this.#live(id);
    if (kept === undefined) return Promise.resolve(null);
    this.#recency?.use(kept);
    return Promise.resolve(kept.copy());
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    const kept = this.#records.get(id);
    const storedVersion = kept !== undefined && this.#isLive(kept) ? kept.version : 0;
    if (storedVersion !== record.version - 1) return Promise.resolve(false);
    if (kept === undefined) {
      this.#add(id, record);
    } else {
      kept.assign(record);
      this.#recency?.use(kept);
    }
    return Promise.resolve(true);
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    const kept = this.#live(id);
    if (kept === undefined) return Promise.resolve(false);
    kept.expiresAt = expiresAt;
    this.#recency?.use(kept);
    return Promise.resolve(true);
  }

  destroy(id: string): Promise<void> {
    const kept = this.#records.get(id);
    if (kept !== undefined) this.#remove(id, kept);
    return Promise.resolve();
  }

  destroyVersion(id: string, version: number): Promise<boolean> {
    const kept = this.#live(id);
    if (kept?.version !== version) return Promise.resolve(false);
    this.#remove(id, kept);
    return Promise.resolve(true);
  }

  collectGarbage(now: number): Promise<number> {
    return removeExpired(this.#records, now, (id, kept) => this.#remove(id, kept));
  }

  #isLive(kept: KeptRecord): boolean {
    return kept.expiresAt > this.#clock.now();
  }

  #live(id: string): KeptRecord | undefined {
    const kept = this.#records.get(id);
    return kept !== undefined && this.#isLive(kept) ? kept : undefined;
  }

  #add(id: string, record: SessionRecord): void {
    const kept = new KeptRecord(id, record);
    this.#records.set(id, kept);
    const forgotten = this.#recency?.add(kept);
    if (forgotten !== undefined) this.#records.delete(forgotten.id);
  }

  #remove(id: string, kept: KeptRecord): void {
    this.#records.delete(id);
    this.#recency?.remove(kept);
  }
}
