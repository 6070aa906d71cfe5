import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from '../clock.js';
import { type MemoryDriverOptions, memoryOptions } from '../../options/memory.options.js';
import type { RecordDriver, SessionRecord, UserRecords } from '../driver.js';
import { RecencyLink } from './recency-link.js';
import { ShardedMap } from './sharded-map.js';
import { UserIndex } from './user-index.js';

/**
 * Well below the 20 ms of the contract, because other pauses of the process, such as its garbage collection,
 * add to it.
 */
const SLICE_MS = 2;
/** Reading the time costs more than examining a record. */
const RECORDS_PER_LOOK = 256;

/** A record and its place in the order of last use. */
class Kept extends RecencyLink {
  /** @param record the driver's own copy. Its fields are primitive, so a shallow copy shares nothing. */
  constructor(
    readonly id: string,
    public record: SessionRecord,
  ) {
    super();
  }
}

/**
 * Keeps sessions in this process: for development, for tests, and for single-process applications that may
 * forget their sessions on a restart. Other processes do not see them.
 *
 * The cost of a call does not depend on the number of sessions. Expired sessions stay in memory until
 * `collectGarbage`, which the module calls regularly.
 *
 * @throws SessionConfigError if `max` is not a whole number from 1 on
 *
 * @example
 * SessionModule.forRoot({ secret, driver: 'memory', memory: { max: 100_000 } })
 */
export class MemoryDriver implements RecordDriver {
  readonly #records = new ShardedMap<Kept>();
  readonly #users = new UserIndex<Kept>();
  /**
   * Both ends of the order of last use; null without a limit. The order of a Map would do too, but each use
   * would delete a key and set it again. V8 leaves a gap for each deleted key and closes all gaps at once,
   * which stops a million sessions for 90 ms; and the oldest key has to be found behind the gaps.
   */
  readonly #end: RecencyLink | null;
  readonly #max: number | undefined;
  readonly #clock: Clock;
  #size = 0;

  constructor(options: MemoryDriverOptions = {}, clock: Clock = systemClock) {
    this.#max = memoryOptions(options, 'memory').max;
    this.#end = this.#max === undefined ? null : new RecencyLink();
    this.#clock = clock;
  }

  read(id: string): Promise<SessionRecord | null> {
    const kept = this.#records.get(id);
    if (!this.#isLive(kept)) return Promise.resolve(null);
    this.#end?.putLast(kept);
    return Promise.resolve({ ...kept.record });
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    const kept = this.#records.get(id);
    const storedVersion = this.#isLive(kept) ? kept.record.version : 0;
    if (storedVersion !== record.version - 1) return Promise.resolve(false);
    if (kept === undefined) {
      this.#add(new Kept(id, { ...record }));
    } else {
      if (kept.record.userId !== record.userId) {
        this.#users.remove(kept, kept.record.userId);
        this.#users.add(kept, record.userId);
      }
      kept.record = { ...record };
      this.#end?.putLast(kept);
    }
    return Promise.resolve(true);
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    const kept = this.#records.get(id);
    if (!this.#isLive(kept)) return Promise.resolve(false);
    kept.record.expiresAt = expiresAt;
    this.#end?.putLast(kept);
    return Promise.resolve(true);
  }

  destroy(id: string): Promise<void> {
    const kept = this.#records.get(id);
    if (kept !== undefined) this.#remove(kept);
    return Promise.resolve();
  }

  destroyVersion(id: string, version: number): Promise<boolean> {
    const kept = this.#records.get(id);
    if (!this.#isLive(kept) || kept.record.version !== version) return Promise.resolve(false);
    this.#remove(kept);
    return Promise.resolve(true);
  }

  listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    const page = this.#users.page(userId, cursor);
    const live = page.entries.filter((kept) => this.#isLive(kept));
    return Promise.resolve({
      records: live.map(({ id, record }) => ({ ...record, id })),
      cursor: page.cursor,
    });
  }

  /** Goes through all records in slices, and lets requests run between them. */
  async collectGarbage(now: number, progressed?: () => void): Promise<number> {
    let [removed, seen] = [0, 0];
    // The time of a slice depends on the machine, not on the clock that sessions expire by.
    let sliceEndMs = performance.now() + SLICE_MS;
    for (const kept of this.#records.values()) {
      if (kept.record.expiresAt <= now) {
        this.#remove(kept);
        removed += 1;
      }
      if (++seen % RECORDS_PER_LOOK === 0 && performance.now() >= sliceEndMs) {
        await nextTurn();
        progressed?.();
        sliceEndMs = performance.now() + SLICE_MS;
      }
    }
    return removed;
  }

  #isLive(kept: Kept | undefined): kept is Kept {
    return kept !== undefined && kept.record.expiresAt > this.#clock.now();
  }

  #add(kept: Kept): void {
    this.#records.set(kept.id, kept);
    this.#users.add(kept, kept.record.userId);
    this.#size += 1;
    this.#end?.putLast(kept);
    const oldest = this.#end?.newer;
    if (this.#max !== undefined && this.#size > this.#max && oldest instanceof Kept) this.#remove(oldest);
  }

  #remove(kept: Kept): void {
    this.#users.remove(kept, kept.record.userId);
    this.#records.delete(kept.id);
    this.#size -= 1;
    kept.unlink();
  }
}
