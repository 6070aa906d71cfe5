import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from '../clock.js';
import { readOption } from '../../options/read-option.js';
import { type MemoryDriverOptions, memoryOptions } from '../../options/memory.options.js';
import type { RecordDriver, SessionRecord, UserRecords } from '../driver.js';
import { RecencyLink } from './recency-link.js';
import { ShardedMap } from './sharded-map.js';
import { UserIndex } from './user-index.js';

/** Well below the 20 ms of the contract: what else stops a process, such as its own memory management, comes on top. */
const SLICE_MS = 2;
/** Reading the time costs more than looking at a record. */
const RECORDS_PER_LOOK = 256;

/** A record in its place in the order of last use. */
class Kept extends RecencyLink {
  /** @param record the driver's own copy. Its fields are primitive, so a shallow copy shares nothing. */
  constructor(
    id: string,
    public record: SessionRecord,
  ) {
    super(id);
  }
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
  readonly #users = new UserIndex<Kept>();
  /**
   * Where the order of last use ends on both sides; used with a limit only. The order of a Map would do too, but each use would remove a
   * key and set it anew: for each key removed V8 leaves a gap, and closes all of them at once, which stops a million sessions for 90 ms;
   * and the oldest key is found behind its gaps.
   */
  readonly #end = new RecencyLink('');
  readonly #max: number | undefined;
  readonly #clock: Clock;
  #size = 0;

  constructor(options: MemoryDriverOptions = {}, clock: Clock = systemClock) {
    this.#max = readOption(memoryOptions, options, 'memory').max;
    this.#clock = clock;
  }

  read(id: string): Promise<SessionRecord | null> {
    const kept = this.#live(id);
    if (kept === undefined) return Promise.resolve(null);
    this.#use(kept);
    return Promise.resolve({ ...kept.record });
  }

  write(id: string, record: SessionRecord): Promise<boolean> {
    const kept = this.#records.get(id);
    const storedVersion = kept !== undefined && this.#isLive(kept) ? kept.record.version : 0;
    if (storedVersion !== record.version - 1) return Promise.resolve(false);
    if (kept === undefined) {
      this.#add(new Kept(id, { ...record }));
    } else {
      this.#users.move(kept, kept.record.userId, record.userId);
      kept.record = { ...record };
      this.#use(kept);
    }
    return Promise.resolve(true);
  }

  touch(id: string, expiresAt: number): Promise<boolean> {
    const kept = this.#live(id);
    if (kept === undefined) return Promise.resolve(false);
    kept.record.expiresAt = expiresAt;
    this.#use(kept);
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

  listByUser(userId: string, cursor: string | null): Promise<UserRecords> {
    const page = this.#users.page(userId, cursor);
    const live = page.entries.filter((kept) => this.#isLive(kept));
    return Promise.resolve({
      records: live.map(({ id, record }) => ({ ...record, id })),
      cursor: page.cursor,
    });
  }

  /** Goes through all records in slices, between which requests get their turn. */
  async collectGarbage(now: number, progressed?: () => void): Promise<number> {
    let [removed, seen] = [0, 0];
    // How long a slice takes is a matter of the machine, not of the clock that sessions expire by.
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

  #isLive({ record }: Kept): boolean {
    return record.expiresAt > this.#clock.now();
  }

  #live(id: string): Kept | undefined {
    const kept = this.#records.get(id);
    return kept !== undefined && this.#isLive(kept) ? kept : undefined;
  }

  #add(kept: Kept): void {
    this.#records.set(kept.id, kept);
    this.#users.move(kept, null, kept.record.userId);
    this.#size += 1;
    this.#use(kept);
    if (this.#max !== undefined && this.#size > this.#max) this.#remove(this.#end.newer);
  }

  #use(kept: Kept): void {
    if (this.#max !== undefined) kept.moveBefore(this.#end);
  }

  #remove(link: RecencyLink): void {
    const kept = this.#records.get(link.id);
    if (kept !== undefined) this.#users.move(kept, kept.record.userId, null);
    this.#records.delete(link.id);
    this.#size -= 1;
    link.unlink();
  }
}
